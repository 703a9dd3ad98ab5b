#include "backbone/backbone.h"

#include "base/memory.h"

enum { POOL_KERNEL = DN_BACKBONE_POOL_KERNEL, POOL_STRIDE = DN_BACKBONE_POOL_STRIDE };

/* AlexNet at one size. */
typedef struct scale {
    int height, width; /* of the input */
    int positions;     /* of the last feature map */
    dn_convolution_shape layer[DN_BACKBONE_CONVOLUTIONS];
    dn_pooling_shape pool[DN_BACKBONE_CONVOLUTIONS];
    size_t gates[DN_BACKBONE_CONVOLUTIONS]; /* of one image, behind each layer */
    dn_convolution *convolution[DN_BACKBONE_CONVOLUTIONS];
    dn_pooling *pooling[DN_BACKBONE_CONVOLUTIONS]; /* NULL where none follows */
    dn_convolution_gradient
        *gradient[DN_BACKBONE_CONVOLUTIONS]; /* NULL before the first backward */
} scale;

struct dn_backbone {
    const dn_compute *compute;
    const dn_backbone_weights *weights; /* the caller's */
    dn_backbone_shape shape;
    scale scales[DN_BACKBONE_MAX_SCALES];
    float *input;         /* [batch][height][width][3] */
    float *resized;       /* [batch][h][w][3] of the largest smaller scale */
    float *activation[2]; /* layer outputs in turn */
};

static int convolved(int side, const dn_backbone_layer *layer) {
    return (side + 2 * layer->padding - layer->kernel) / layer->stride + 1;
}

static int pooled(int side) {
    return (side - POOL_KERNEL) / POOL_STRIDE + 1;
}

dn_status dn_backbone_check_side(int height, int width, dn_error *error) {
    if (height >= DN_BACKBONE_MIN_SIDE && width >= DN_BACKBONE_MIN_SIDE)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: images of %dx%d are too small for AlexNet, the least is %dx%d; use a "
                   "larger img_size or fewer n_scales",
                   width, height, DN_BACKBONE_MIN_SIDE, DN_BACKBONE_MIN_SIDE);
}

dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error) {
    if (shape->scales >= 1 && shape->scales <= DN_BACKBONE_MAX_SCALES && shape->batch >= 1)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "backbone: %d scales (1 to %d), batch of %d",
                   shape->scales, DN_BACKBONE_MAX_SCALES, shape->batch);
}

static dn_status create_scale(const dn_backbone *backbone, scale *self, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    int height = self->height, width = self->width;
    DN_TRY(dn_backbone_check_side(height, width, error));
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        self->layer[i] = (dn_convolution_shape){
            backbone->shape.batch, height,        width,         layer->in_channels,
            layer->out_channels,   layer->kernel, layer->stride, layer->padding};
        DN_TRY(compute->backend->convolution_create(
            compute->context, &self->layer[i], NULL, backbone->weights->weight[i],
            backbone->weights->bias[i], &self->convolution[i], error));
        height = convolved(height, layer);
        width = convolved(width, layer);
        if (layer->pool) {
            self->pool[i] = (dn_pooling_shape){backbone->shape.batch, height,      width,
                                               layer->out_channels,   POOL_KERNEL, POOL_STRIDE};
            DN_TRY(compute->backend->pooling_create(compute->context, &self->pool[i],
                                                    DN_ELEMENT_F32, &self->pooling[i], error));
            height = pooled(height);
            width = pooled(width);
        }
        self->gates[i] = (size_t)height * (size_t)width * (size_t)layer->out_channels;
    }
    self->positions = height * width;
    return DN_OK;
}

static void destroy_scale(const dn_backbone *backbone, const scale *self) {
    const dn_backend *backend = backbone->compute->backend;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        if (self->convolution[i])
            backend->convolution_destroy(self->convolution[i]);
        if (self->pooling[i])
            backend->pooling_destroy(self->pooling[i]);
        if (self->gradient[i])
            backend->convolution_gradient_destroy(self->gradient[i]);
    }
}

/* The original passes one number to F.interpolate, so the smaller scales are square. */
static int scale_side(const dn_backbone *backbone, int s) {
    return backbone->shape.height >> s;
}

static dn_status create_scales(dn_backbone *backbone, dn_error *error) {
    for (int s = 0; s < backbone->shape.scales; s++) {
        scale *self = &backbone->scales[s];
        self->height = scale_side(backbone, s);
        self->width = s == 0 ? backbone->shape.width : scale_side(backbone, s);
        DN_TRY(create_scale(backbone, self, error));
    }
    return DN_OK;
}

/* Values of one image at scale s behind convolution i, and behind its pooling, if it has one. */
static void layer_sizes(const dn_backbone_shape *shape, int s, size_t sizes[][2]) {
    int height = shape->height >> s, width = s == 0 ? shape->width : height;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        for (int pooling = 0; pooling < 2; pooling++) {
            if (pooling == 0 || layer->pool) {
                height = pooling ? pooled(height) : convolved(height, layer);
                width = pooling ? pooled(width) : convolved(width, layer);
            }
            sizes[i][pooling] = (size_t)height * (size_t)width * (size_t)layer->out_channels;
        }
    }
}

/* The largest maps: before and after the first pooling; everything later is smaller. */
static void activation_sizes(const dn_backbone_shape *shape, size_t sizes[2]) {
    sizes[0] = sizes[1] = 0;
    for (int s = 0; s < shape->scales; s++) {
        size_t layers[DN_BACKBONE_CONVOLUTIONS][2];
        int turn = 0;
        layer_sizes(shape, s, layers);
        for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++)
            for (int pooling = 0; pooling <= dn_backbone_layers[i].pool; pooling++) {
                size_t size = layers[i][pooling];
                sizes[turn] = size > sizes[turn] ? size : sizes[turn];
                turn = !turn;
            }
    }
}

static dn_status furnish(dn_backbone *backbone, dn_error *error) {
    size_t batch = (size_t)backbone->shape.batch, sizes[2], half = (size_t)scale_side(backbone, 1);
    DN_TRY(create_scales(backbone, error));
    DN_TRY(dn_allocate_floats(
        &backbone->input,
        batch * (size_t)backbone->shape.height * (size_t)backbone->shape.width * 3, error));
    if (backbone->shape.scales > 1)
        DN_TRY(dn_allocate_floats(&backbone->resized, batch * half * half * 3, error));
    activation_sizes(&backbone->shape, sizes);
    DN_TRY(dn_allocate_floats(&backbone->activation[0], batch * sizes[0], error));
    return dn_allocate_floats(&backbone->activation[1], batch * sizes[1], error);
}

dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, dn_backbone **backbone,
                             dn_error *error) {
    void *block;
    *backbone = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_backbone), error));
    dn_backbone *created = block;
    created->compute = compute;
    created->weights = weights;
    created->shape = *shape;
    dn_status status = furnish(created, error);
    if (status == DN_OK)
        *backbone = created;
    else
        dn_backbone_destroy(created);
    return status;
}

/* Of one scale. */
static size_t weight_count(void) {
    size_t sum = 0;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        sum += (size_t)(layer->in_channels * layer->kernel * layer->kernel + 1) *
               (size_t)layer->out_channels;
    }
    return sum;
}

static size_t pixel_count(const dn_backbone_shape *shape, int s) {
    size_t side = (size_t)(shape->height >> s);
    return side * (s == 0 ? (size_t)shape->width : side);
}

size_t dn_backbone_weight_bytes(void) {
    return weight_count() * sizeof(float);
}

size_t dn_backbone_gates(const dn_backbone_shape *shape) {
    size_t sum = 0, layers[DN_BACKBONE_CONVOLUTIONS][2];
    for (int s = 0; s < shape->scales; s++) {
        layer_sizes(shape, s, layers);
        for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++)
            sum += layers[i][1];
    }
    return sum;
}

size_t dn_backbone_bytes(const dn_backbone_shape *shape) {
    size_t sizes[2], pixels = pixel_count(shape, 0);
    if (shape->scales > 1)
        pixels += pixel_count(shape, 1);
    activation_sizes(shape, sizes);
    return sizeof(float) * ((size_t)shape->batch * (3 * pixels + sizes[0] + sizes[1]) +
                            (size_t)shape->scales * weight_count());
}

/* The weights turned, and the phases of the first layer: as many values as the image has. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape) {
    size_t sum = 0;
    for (int s = 0; s < shape->scales; s++)
        sum += 3 * (size_t)shape->batch * pixel_count(shape, s) + weight_count();
    return sizeof(float) * sum;
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

/* The pooling behind layer i of so many images. */
static dn_pooling_shape pool_of(const scale *self, int i, int count) {
    dn_pooling_shape shape = self->pool[i];
    shape.batch = count;
    return shape;
}

/* The gates behind layer i, whose ReLU's output is `out`; pooled layers keep those of both. */
static dn_status keep_gates(const dn_backbone *backbone, const scale *self, int i, int count,
                            uint8_t *gates, const float *out, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_pooling_shape pool = pool_of(self, i, count);
    if (self->pooling[i])
        return compute->backend->pooling_gates(compute->context, gates, out, &pool, error);
    return compute->backend->relu_gates(compute->context, gates, out,
                                        (size_t)count * self->gates[i], error);
}

/* `gates` (may be NULL) are this scale's. */
static dn_status run_scale(dn_backbone *backbone, const scale *self, float *features,
                           uint8_t *gates, const float *input, int count, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const float *in = input;
    int turn = 0;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        float *out = backbone->activation[turn];
        DN_TRY(compute->backend->convolution_forward(self->convolution[i], out, in, count, error));
        if (gates) {
            DN_TRY(keep_gates(backbone, self, i, count, gates, out, error));
            gates += (size_t)count * self->gates[i];
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
    return compute->backend->spatial_mean(compute->context, features, in, count, self->positions,
                                          DN_BACKBONE_CHANNELS,
                                          DN_BACKBONE_CHANNELS * backbone->shape.scales, error);
}

static dn_status check_count(const dn_backbone *backbone, int count, dn_error *error) {
    if (count >= 1 && count <= backbone->shape.batch)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "backbone: %d images, planned for 1 to %d", count,
                   backbone->shape.batch);
}

/* Gates of one image at one scale. */
static size_t scale_gates(const scale *self) {
    size_t sum = 0;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++)
        sum += self->gates[i];
    return sum;
}

size_t dn_backbone_gate_count(const dn_backbone *backbone) {
    size_t sum = 0;
    for (int s = 0; s < backbone->shape.scales; s++)
        sum += scale_gates(&backbone->scales[s]);
    return sum;
}

dn_status dn_backbone_forward(dn_backbone *backbone, float *features, int count, dn_error *error) {
    return dn_backbone_forward_keeping(backbone, features, NULL, count, error);
}

dn_status dn_backbone_forward_keeping(dn_backbone *backbone, float *features, uint8_t *gates,
                                      int count, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    DN_TRY(check_count(backbone, count, error));
    for (int s = 0; s < backbone->shape.scales; s++) {
        const scale *self = &backbone->scales[s];
        const float *input = backbone->input;
        if (s > 0) {
            DN_TRY(compute->backend->nearest_resize(
                compute->context, backbone->resized, input, count, backbone->shape.height,
                backbone->shape.width, 3, self->height, self->width, error));
            input = backbone->resized;
        }
        DN_TRY(run_scale(backbone, self, features + DN_BACKBONE_CHANNELS * s, gates, input, count,
                         error));
        gates = gates ? gates + (size_t)count * scale_gates(self) : NULL;
    }
    return DN_OK;
}

/* ---- backward ---- */

static dn_status prepare_gradients(const dn_backbone *backbone, scale *self, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++)
        if (!self->gradient[i])
            DN_TRY(compute->backend->convolution_gradient_create(compute->context, &self->layer[i],
                                                                 backbone->weights->weight[i],
                                                                 &self->gradient[i], error));
    return DN_OK;
}

/* Gradient at the convolution's output, in *dy: of the ReLU in place, of the pooling in the buffer
 * that the output had. */
static dn_status pass_gates(dn_backbone *backbone, const scale *self, int i, int count, float **dy,
                            int *turn, const uint8_t *gates, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_pooling_shape pool = pool_of(self, i, count);
    if (!self->pooling[i])
        return compute->backend->relu_gates_backward(compute->context, *dy, *dy, gates,
                                                     (size_t)count * self->gates[i], error);
    *turn = !*turn;
    float *dx = backbone->activation[*turn];
    DN_TRY(
        compute->backend->pooling_gates_backward(compute->context, dx, *dy, gates, &pool, error));
    *dy = dx;
    return DN_OK;
}

/* Backward of run_scale, last line first. Every gradient lies where its value lay, so the buffers
 * of the forward pass suffice: the last of 8 layers' outputs was in the second one. */
static dn_status scale_backward(dn_backbone *backbone, const scale *self, float *dinput,
                                const float *dfeatures, const uint8_t *gates, int count,
                                dn_error *error) {
    const dn_compute *compute = backbone->compute;
    int turn = 1;
    float *dy = backbone->activation[turn];
    DN_TRY(compute->backend->spatial_mean_backward(
        compute->context, dy, dfeatures, count, self->positions, DN_BACKBONE_CHANNELS,
        DN_BACKBONE_CHANNELS * backbone->shape.scales, error));
    gates += (size_t)count * scale_gates(self);
    for (int i = DN_BACKBONE_CONVOLUTIONS; i-- > 0;) {
        gates -= (size_t)count * self->gates[i];
        DN_TRY(pass_gates(backbone, self, i, count, &dy, &turn, gates, error));
        turn = !turn;
        float *dx = i > 0 ? backbone->activation[turn] : dinput;
        DN_TRY(compute->backend->convolution_gradient_run(self->gradient[i], dx, dy, count, error));
        dy = dx;
    }
    return DN_OK;
}

dn_status dn_backbone_backward(dn_backbone *backbone, float *dinput, const float *dfeatures,
                               const uint8_t *gates, int count, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    DN_TRY(check_count(backbone, count, error));
    for (int s = 0; s < backbone->shape.scales; s++) {
        scale *self = &backbone->scales[s];
        DN_TRY(prepare_gradients(backbone, self, error));
        DN_TRY(scale_backward(backbone, self, s == 0 ? dinput : backbone->resized,
                              dfeatures + DN_BACKBONE_CHANNELS * s, gates, count, error));
        gates += (size_t)count * scale_gates(self);
        if (s > 0)
            DN_TRY(compute->backend->nearest_resize_backward(
                compute->context, dinput, backbone->resized, count, backbone->shape.height,
                backbone->shape.width, 3, self->height, self->width, error));
    }
    return DN_OK;
}
