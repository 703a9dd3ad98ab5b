#include "backbone/backbone.h"

#include "backbone/gates.h"
#include "base/memory.h"
#include "compute/shape.h"

/* AlexNet at one size. */
typedef struct scale {
    dn_geometry geometry;
    dn_convolution *convolution[DN_BACKBONE_CONVOLUTIONS];
    dn_pooling *pooling[DN_BACKBONE_CONVOLUTIONS]; /* NULL where none follows */
} scale;

struct dn_backbone {
    const dn_compute *compute;
    dn_backbone_shape shape;
    scale scales[DN_BACKBONE_MAX_SCALES];
    float *input;         /* [batch][height][width][3] */
    float *resized;       /* [batch][h][w][3] of the largest smaller scale */
    float *activation[2]; /* layer outputs in turn */
};

static dn_status create_scale(const dn_backbone *backbone, const dn_backbone_weights *weights,
                              scale *self, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        DN_TRY(compute->backend->convolution_create(compute->context, &self->geometry.layer[i],
                                                    NULL, weights->weight[i], weights->bias[i],
                                                    &self->convolution[i], error));
        if (dn_backbone_layers[i].pool)
            DN_TRY(compute->backend->pooling_create(compute->context, &self->geometry.pool[i],
                                                    DN_ELEMENT_F32, &self->pooling[i], error));
    }
    return DN_OK;
}

static void destroy_scale(const dn_backbone *backbone, const scale *self) {
    const dn_backend *backend = backbone->compute->backend;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        if (self->convolution[i])
            backend->convolution_destroy(self->convolution[i]);
        if (self->pooling[i])
            backend->pooling_destroy(self->pooling[i]);
    }
}

static dn_status init_backbone(dn_backbone *backbone, const dn_backbone_weights *weights,
                               dn_error *error) {
    const dn_backbone_shape *shape = &backbone->shape;
    size_t batch = (size_t)shape->batch, values[2];
    for (int s = 0; s < shape->scales; s++) {
        backbone->scales[s].geometry = dn_geometry_of(shape, s);
        DN_TRY(create_scale(backbone, weights, &backbone->scales[s], error));
    }
    DN_TRY(dn_allocate_floats(&backbone->input, batch * dn_backbone_pixels(shape, 0) * 3, error));
    if (shape->scales > 1)
        DN_TRY(dn_allocate_floats(&backbone->resized, batch * dn_backbone_pixels(shape, 1) * 3,
                                  error));
    dn_backbone_turns(shape, values);
    DN_TRY(dn_allocate_floats(&backbone->activation[0], batch * values[0], error));
    return dn_allocate_floats(&backbone->activation[1], batch * values[1], error);
}

dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, dn_backbone **backbone,
                             dn_error *error) {
    void *block;
    *backbone = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_backbone), error));
    dn_backbone *created = block;
    *created = (dn_backbone){.compute = compute, .shape = *shape};
    dn_status status = init_backbone(created, weights, error);
    if (status == DN_OK)
        *backbone = created;
    else
        dn_backbone_destroy(created);
    return status;
}

size_t dn_backbone_bytes(const dn_backbone_shape *shape) {
    size_t values[2], pixels = dn_backbone_pixels(shape, 0);
    if (shape->scales > 1)
        pixels += dn_backbone_pixels(shape, 1);
    dn_backbone_turns(shape, values);
    return sizeof(float) * ((size_t)shape->batch * (3 * pixels + values[0] + values[1]) +
                            (size_t)shape->scales * dn_backbone_weight_count());
}

void dn_backbone_destroy(dn_backbone *backbone) {
    if (!backbone)
        return;
    for (int s = 0; s < DN_BACKBONE_MAX_SCALES; s++)
        destroy_scale(backbone, &backbone->scales[s]);
    dn_release(backbone->input);
    dn_release(backbone->resized);
    dn_release(backbone->activation[0]);
    dn_release(backbone->activation[1]);
    dn_release(backbone);
}

float *dn_backbone_input(dn_backbone *backbone) {
    return backbone->input;
}

/* `gates` (may be NULL) are this scale's. */
static dn_status run_scale(dn_backbone *backbone, const scale *self, float *features,
                           uint8_t *gates, const float *input, int count, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_geometry *geometry = &self->geometry;
    const float *in = input;
    int turn = 0;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        float *out = backbone->activation[turn];
        DN_TRY(compute->backend->convolution_forward(self->convolution[i], out, in, count, error));
        if (gates) {
            DN_TRY(dn_keep_gates(compute, geometry, i, gates, out, DN_ELEMENT_F32, count, error));
            gates += (size_t)count * geometry->gates[i];
        }
        in = out;
        turn = !turn;
        if (!self->pooling[i])
            continue;
        out = backbone->activation[turn];
        DN_TRY(compute->backend->pooling_forward(self->pooling[i], out, in, count, error));
        in = out;
        turn = !turn;
    }
    return compute->backend->spatial_mean(compute->context, features, in, DN_ELEMENT_F32, 0, count,
                                          geometry->positions, DN_BACKBONE_CHANNELS,
                                          DN_BACKBONE_CHANNELS * backbone->shape.scales, error);
}

dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_backbone_shape *shape = &backbone->shape;
    DN_TRY(dn_check_images("backbone", count, shape->batch, error));
    for (int s = 0; s < shape->scales; s++) {
        const scale *self = &backbone->scales[s];
        const float *input = s == 0 ? backbone->input : backbone->resized;
        if (s > 0)
            DN_TRY(compute->backend->nearest_resize(
                compute->context, backbone->resized, backbone->input, count, shape->height,
                shape->width, 3, self->geometry.height, self->geometry.width, error));
        DN_TRY(run_scale(backbone, self, features + DN_BACKBONE_CHANNELS * s, gates, input, count,
                         error));
        gates = gates ? gates + (size_t)count * self->geometry.all_gates : NULL;
    }
    return DN_OK;
}
