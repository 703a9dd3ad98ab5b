#include "backbone/gradient.h"

#include "base/memory.h"
#include "compute/shape.h"

enum { LAYERS = DN_BACKBONE_CONVOLUTIONS };

typedef struct scale {
    dn_geometry geometry;
    dn_convolution_gradient *layer[LAYERS];
} scale;

struct dn_backbone_gradient {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_element element;
    scale scales[DN_BACKBONE_MAX_SCALES];
    void *turns[2]; /* gradients between the layers */
    float *resized; /* [batch][h][w][3] of the largest smaller scale */
};

/* The pixels' gradient stays f32: it is summed over the scales. */
static dn_convolution_format format_of(const dn_backbone_gradient *self, int i) {
    return (dn_convolution_format){.in = self->element,
                                   .out = i == 0 ? DN_ELEMENT_F32 : self->element};
}

static dn_status create_scale(dn_backbone_gradient *self, const dn_backbone_weights *weights, int s,
                              dn_error *error) {
    scale *created = &self->scales[s];
    created->geometry = dn_geometry_of(&self->shape, s);
    for (int i = 0; i < LAYERS; i++) {
        const dn_convolution_format format = format_of(self, i);
        DN_TRY(self->compute->backend->convolution_gradient_create(
            self->compute->context, &created->geometry.layer[i], &format, weights->weight[i],
            &created->layer[i], error));
    }
    return DN_OK;
}

static dn_status init_gradient(dn_backbone_gradient *self, const dn_backbone_weights *weights,
                               dn_error *error) {
    size_t values[2], batch = (size_t)self->shape.batch;
    for (int s = 0; s < self->shape.scales; s++)
        DN_TRY(create_scale(self, weights, s, error));
    dn_backbone_turns(&self->shape, values);
    for (int turn = 0; turn < 2; turn++)
        DN_TRY(dn_allocate(&self->turns[turn], batch * values[turn], dn_element_size(self->element),
                           error));
    if (self->shape.scales == 1)
        return DN_OK;
    return dn_allocate_floats(&self->resized, batch * dn_backbone_pixels(&self->shape, 1) * 3,
                              error);
}

dn_status dn_backbone_gradient_create(const dn_compute *compute, const dn_backbone_weights *weights,
                                      const dn_backbone_shape *shape, dn_element element,
                                      dn_backbone_gradient **gradient, dn_error *error) {
    void *block;
    *gradient = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_backbone_gradient), error));
    dn_backbone_gradient *created = block;
    *created = (dn_backbone_gradient){.compute = compute, .shape = *shape, .element = element};
    dn_status status = init_gradient(created, weights, error);
    if (status == DN_OK)
        *gradient = created;
    else
        dn_backbone_gradient_destroy(created);
    return status;
}

void dn_backbone_gradient_destroy(dn_backbone_gradient *gradient) {
    if (!gradient)
        return;
    for (int s = 0; s < gradient->shape.scales; s++)
        for (int i = 0; i < LAYERS; i++)
            if (gradient->scales[s].layer[i])
                gradient->compute->backend->convolution_gradient_destroy(
                    gradient->scales[s].layer[i]);
    dn_release(gradient->turns[0]);
    dn_release(gradient->turns[1]);
    dn_release(gradient->resized);
    dn_release(gradient);
}

/* The weights, and the phases of each first layer: as many values as the image has. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape, dn_element element) {
    size_t values[2], pixels = 0, size = dn_element_size(element), batch = (size_t)shape->batch;
    dn_backbone_turns(shape, values);
    for (int s = 0; s < shape->scales; s++)
        pixels += 3 * dn_backbone_pixels(shape, s);
    pixels += shape->scales > 1 ? 3 * dn_backbone_pixels(shape, 1) : 0;
    return batch * (pixels * sizeof(float) + (values[0] + values[1]) * size) +
           (size_t)shape->scales * dn_backbone_weight_count() * size;
}

/* ---- running ---- */

/* Gradient at the convolution's output, in *dy: of the ReLU in place, of the pooling in the buffer
 * that the output had. */
static dn_status pass_gates(dn_backbone_gradient *self, const scale *at, int i, int count,
                            void **dy, int *turn, const uint8_t *gates, dn_error *error) {
    const dn_compute *compute = self->compute;
    if (!dn_backbone_layers[i].pool)
        return compute->backend->gates_backward(compute->context, *dy, *dy, self->element, gates,
                                                (size_t)count * at->geometry.gates[i], error);
    dn_pooling_shape pool = at->geometry.pool[i];
    pool.batch = count;
    *turn = !*turn;
    void *dx = self->turns[*turn];
    DN_TRY(compute->backend->pooling_gates_backward(compute->context, dx, *dy, self->element, gates,
                                                    &pool, error));
    *dy = dx;
    return DN_OK;
}

/* The forward pass from its end: the last of 8 layers' outputs was in the second buffer. */
static dn_status run_scale(dn_backbone_gradient *self, const scale *at, float *dinput,
                           const float *dfeatures, const uint8_t *gates, int count,
                           dn_error *error) {
    const dn_compute *compute = self->compute;
    int turn = 1;
    void *dy = self->turns[turn];
    DN_TRY(compute->backend->spatial_mean_backward(
        compute->context, dy, self->element, dfeatures, count, at->geometry.positions,
        DN_BACKBONE_CHANNELS, DN_BACKBONE_CHANNELS * self->shape.scales, 0, error));
    gates += (size_t)count * at->geometry.all_gates;
    for (int i = LAYERS; i-- > 0;) {
        gates -= (size_t)count * at->geometry.gates[i];
        DN_TRY(pass_gates(self, at, i, count, &dy, &turn, gates, error));
        turn = !turn;
        void *dx = i > 0 ? self->turns[turn] : dinput;
        DN_TRY(compute->backend->convolution_gradient_run(at->layer[i], dx, dy, count, error));
        dy = dx;
    }
    return DN_OK;
}

dn_status dn_backbone_gradient_run(dn_backbone_gradient *gradient, float *dinput,
                                   const float *dfeatures, const uint8_t *gates, int count,
                                   dn_error *error) {
    const dn_compute *compute = gradient->compute;
    const dn_backbone_shape *shape = &gradient->shape;
    DN_TRY(dn_check_images("backbone", count, shape->batch, error));
    for (int s = 0; s < shape->scales; s++) {
        const scale *at = &gradient->scales[s];
        DN_TRY(run_scale(gradient, at, s == 0 ? dinput : gradient->resized,
                         dfeatures + DN_BACKBONE_CHANNELS * s, gates, count, error));
        gates += (size_t)count * at->geometry.all_gates;
        if (s > 0)
            DN_TRY(compute->backend->nearest_resize_backward(
                compute->context, dinput, gradient->resized, count, shape->height, shape->width, 3,
                at->geometry.height, at->geometry.width, error));
    }
    return DN_OK;
}
