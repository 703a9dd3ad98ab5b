#include "backbone/narrow.h"

#include "backbone/histogram.h"
#include "base/memory.h"
#include "compute/shape.h"

#include <math.h>

enum { LAYERS = DN_BACKBONE_CONVOLUTIONS, STEPS = DN_BACKBONE_CONVOLUTIONS - 1 };

/* AlexNet at one size. */
typedef struct scale {
    dn_fold_shape fold;
    dn_convolution *convolution[LAYERS];
    dn_pooling *pooling[LAYERS]; /* NULL where none follows */
    size_t maps[LAYERS];         /* values of a convolution's output, an image */
    int positions;               /* of the last feature map */
} scale;

struct dn_narrow {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_element element;
    dn_backbone_steps steps;
    uint8_t fill[3]; /* the pixel that normalises to (almost) 0 */
    float *first_weights, *first_bias;
    scale scales[DN_BACKBONE_MAX_SCALES];
    dn_histogram *histograms; /* [scales][STEPS], or NULL */
    uint8_t *pixels;          /* [batch][height][width][3] */
    float *folded;            /* the pixels of a scale as the first convolution reads them */
    float *activation[2];     /* layer outputs in turn */
};

/* ---- the first layer: normalising and folding ---- */

/* The window of 11 in squares of 4 pixels: 3. */
static int folded_window(void) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    return (layer->kernel + layer->stride - 1) / layer->stride;
}

static int folded_channels(void) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    return layer->stride * layer->stride * layer->in_channels;
}

/* Weight [o][c][i][j] becomes channel ((i%4)*4 + j%4)*3 + c at (i/4, j/4), for pixels of 0..255:
 *     w (p/255 - mean)/std = w/(255 std) p - w mean/std */
static void fold_window(const dn_narrow_options *options, float *folded, float *bias,
                        const float *weights) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    int window = folded_window(), stride = layer->stride, kernel = layer->kernel;
    double sum = 0;
    for (int c = 0; c < layer->in_channels; c++)
        for (int i = 0; i < kernel; i++)
            for (int j = 0; j < kernel; j++) {
                double w = (double)weights[(c * kernel + i) * kernel + j] / options->std[c];
                int channel = (i % stride * stride + j % stride) * layer->in_channels + c;
                folded[(channel * window + i / stride) * window + j / stride] = (float)(w / 255);
                sum += w * options->mean[c];
            }
    *bias = (float)((double)*bias - sum);
}

static dn_status fold_first_layer(dn_narrow *narrow, const dn_backbone_weights *weights,
                                  const dn_narrow_options *options, dn_error *error) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    size_t outputs = (size_t)layer->out_channels;
    size_t given = (size_t)layer->in_channels * (size_t)layer->kernel * (size_t)layer->kernel;
    size_t window = (size_t)folded_window(), folded = (size_t)folded_channels() * window * window;
    void *block;
    DN_TRY(dn_allocate(&block, outputs * folded, sizeof(float), error));
    narrow->first_weights = block;
    DN_TRY(dn_allocate_floats(&narrow->first_bias, outputs, error));
    for (size_t o = 0; o < outputs; o++) {
        narrow->first_bias[o] = weights->bias[0][o];
        fold_window(options, narrow->first_weights + o * folded, &narrow->first_bias[o],
                    weights->weight[0] + o * given);
    }
    for (int c = 0; c < 3; c++)
        narrow->fill[c] = (uint8_t)lrint(255 * options->mean[c]);
    return DN_OK;
}

/* ---- creation ---- */

static int side_of(const dn_narrow *narrow, int s) {
    return narrow->shape.height >> s;
}

static dn_fold_shape fold_of(const dn_narrow *narrow, int s) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    dn_fold_shape fold = {.batch = narrow->shape.batch,
                          .in_height = narrow->shape.height,
                          .in_width = narrow->shape.width,
                          .height = side_of(narrow, s),
                          .width = s == 0 ? narrow->shape.width : side_of(narrow, s),
                          .block = layer->stride,
                          .padding = layer->padding};
    int more = 2 * layer->padding - layer->kernel;
    fold.rows = (fold.height + more) / layer->stride + folded_window();
    fold.columns = (fold.width + more) / layer->stride + folded_window();
    return fold;
}

static dn_convolution_shape layer_shape(const dn_narrow *narrow, int i, int height, int width) {
    const dn_backbone_layer *layer = &dn_backbone_layers[i];
    if (i == 0)
        return (dn_convolution_shape){
            narrow->shape.batch, height,          width, folded_channels(),
            layer->out_channels, folded_window(), 1,     0};
    return (dn_convolution_shape){
        narrow->shape.batch, height,        width,         layer->in_channels,
        layer->out_channels, layer->kernel, layer->stride, layer->padding};
}

static dn_convolution_format layer_format(const dn_narrow *narrow, int s, int i) {
    int is_last = i == LAYERS - 1;
    return (dn_convolution_format){
        .in = narrow->element,
        .out = is_last ? DN_ELEMENT_F32 : narrow->element,
        .in_step = i == 0 ? 1 : narrow->steps.step[s][i - 1],
        .out_step = is_last ? 0 : narrow->steps.step[s][i],
    };
}

/* How many values layer i of a scale makes of an image; the extent becomes that of its output,
 * pooled. */
static void measure_layer(dn_narrow *narrow, int s, int i, dn_extent *extent) {
    const dn_backbone_layer *layer = &dn_backbone_layers[i];
    const dn_convolution_shape shape = layer_shape(narrow, i, extent->height, extent->width);
    *extent = dn_convolution_extent(&shape);
    narrow->scales[s].maps[i] =
        (size_t)extent->height * (size_t)extent->width * (size_t)layer->out_channels;
    const dn_pooling_shape pool = {.height = extent->height,
                                   .width = extent->width,
                                   .kernel = DN_BACKBONE_POOL_KERNEL,
                                   .stride = DN_BACKBONE_POOL_STRIDE};
    if (layer->pool)
        *extent = dn_pooling_extent(&pool);
}

static void measure_scale(dn_narrow *narrow, int s) {
    scale *self = &narrow->scales[s];
    self->fold = fold_of(narrow, s);
    dn_extent extent = {self->fold.rows, self->fold.columns};
    for (int i = 0; i < LAYERS; i++)
        measure_layer(narrow, s, i, &extent);
    self->positions = extent.height * extent.width;
}

/* Creates layer i of a scale; height and width become those of its output, pooled. */
static dn_status create_layer(dn_narrow *narrow, const dn_backbone_weights *weights, int s, int i,
                              dn_extent *extent, dn_error *error) {
    const dn_compute *compute = narrow->compute;
    scale *self = &narrow->scales[s];
    dn_convolution_shape shape = layer_shape(narrow, i, extent->height, extent->width);
    dn_convolution_format format = layer_format(narrow, s, i);
    DN_TRY(compute->backend->convolution_create(
        compute->context, &shape, &format, i ? weights->weight[i] : narrow->first_weights,
        i ? weights->bias[i] : narrow->first_bias, &self->convolution[i], error));
    *extent = dn_convolution_extent(&shape);
    if (!dn_backbone_layers[i].pool)
        return DN_OK;
    dn_pooling_shape pool = {shape.batch,        extent->height,          extent->width,
                             shape.out_channels, DN_BACKBONE_POOL_KERNEL, DN_BACKBONE_POOL_STRIDE};
    DN_TRY(compute->backend->pooling_create(compute->context, &pool, format.out, &self->pooling[i],
                                            error));
    *extent = dn_pooling_extent(&pool);
    return DN_OK;
}

static dn_status create_scale(dn_narrow *narrow, const dn_backbone_weights *weights, int s,
                              dn_error *error) {
    scale *self = &narrow->scales[s];
    DN_TRY(dn_backbone_check_side(side_of(narrow, s),
                                  s == 0 ? narrow->shape.width : side_of(narrow, s), error));
    measure_scale(narrow, s);
    dn_extent extent = {self->fold.rows, self->fold.columns};
    for (int i = 0; i < LAYERS; i++)
        DN_TRY(create_layer(narrow, weights, s, i, &extent, error));
    return DN_OK;
}

/* Bytes of an image's buffers. The first scale has the largest maps: the first convolution's, and
 * the second's or what it reads. */
typedef struct buffer_sizes {
    size_t pixels, folded, activation;
} buffer_sizes;

static buffer_sizes measure_buffers(const dn_narrow *narrow) {
    size_t size = dn_element_size(narrow->element), squares = 0, most = 0;
    for (int s = 0; s < narrow->shape.scales; s++) {
        const scale *self = &narrow->scales[s];
        size_t folded = (size_t)self->fold.rows * (size_t)self->fold.columns;
        squares = folded > squares ? folded : squares;
        for (int i = 0; i < LAYERS; i++) {
            size_t bytes = self->maps[i] * (i == LAYERS - 1 ? sizeof(float) : size);
            most = bytes > most ? bytes : most;
        }
    }
    return (buffer_sizes){(size_t)narrow->shape.height * (size_t)narrow->shape.width * 3,
                          squares * (size_t)folded_channels() * size, most};
}

/* All buffers but the pixels are counted in floats, as if every element were one. */
static dn_status allocate_buffers(dn_narrow *narrow, dn_error *error) {
    size_t batch = (size_t)narrow->shape.batch;
    const buffer_sizes bytes = measure_buffers(narrow);
    size_t activation = batch * bytes.activation / sizeof(float) + 1;
    void *block;
    DN_TRY(dn_allocate(&block, batch, bytes.pixels, error));
    narrow->pixels = block;
    DN_TRY(dn_allocate_floats(&narrow->folded, batch * bytes.folded / sizeof(float) + 1, error));
    DN_TRY(dn_allocate_floats(&narrow->activation[0], activation, error));
    return dn_allocate_floats(&narrow->activation[1], activation, error);
}

static dn_status furnish(dn_narrow *narrow, const dn_backbone_weights *weights,
                         const dn_narrow_options *options, dn_error *error) {
    void *block;
    DN_TRY(fold_first_layer(narrow, weights, options, error));
    for (int s = 0; s < narrow->shape.scales; s++)
        DN_TRY(create_scale(narrow, weights, s, error));
    if (options->observes) {
        DN_TRY(dn_allocate(&block, (size_t)(narrow->shape.scales * STEPS), sizeof(dn_histogram),
                           error));
        narrow->histograms = block;
    }
    return allocate_buffers(narrow, error);
}

dn_status dn_narrow_check(const dn_narrow_options *options, dn_error *error) {
    for (int c = 0; c < 3; c++)
        if (!(options->mean[c] >= 0 && options->mean[c] <= 1))
            return dn_fail(error, DN_ERROR_CONFIG,
                           "norm_mean %g: bf16 and int8 surround the picture by the pixel nearest "
                           "to the mean, which has to be from 0 to 1; use precision f32",
                           options->mean[c]);
    return DN_OK;
}

dn_status dn_narrow_create(const dn_compute *compute, const dn_backbone_weights *weights,
                           const dn_backbone_shape *shape, const dn_narrow_options *options,
                           dn_narrow **narrow, dn_error *error) {
    void *block;
    *narrow = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_narrow), error));
    dn_narrow *created = block;
    created->compute = compute;
    created->shape = *shape;
    created->element = options->element;
    if (options->steps)
        created->steps = *options->steps;
    dn_status status = furnish(created, weights, options, error);
    if (status == DN_OK)
        *narrow = created;
    else
        dn_narrow_destroy(created);
    return status;
}

/* Of one scale. */
static size_t weight_bytes(dn_element element) {
    size_t sum = 0;
    for (int i = 0; i < LAYERS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        size_t window = i == 0 ? (size_t)(folded_channels() * folded_window() * folded_window())
                               : (size_t)(layer->in_channels * layer->kernel * layer->kernel);
        sum += (size_t)layer->out_channels * window;
    }
    return sum * (element == DN_ELEMENT_U8 ? 1 : dn_element_size(element));
}

size_t dn_narrow_bytes(const dn_backbone_shape *shape, dn_element element) {
    dn_narrow narrow = {.shape = *shape, .element = element};
    for (int s = 0; s < shape->scales; s++)
        measure_scale(&narrow, s);
    const buffer_sizes bytes = measure_buffers(&narrow);
    return (size_t)shape->batch * (bytes.pixels + bytes.folded + 2 * bytes.activation) +
           (size_t)shape->scales * weight_bytes(element);
}

static void destroy_scale(const dn_narrow *narrow, const scale *self) {
    const dn_backend *backend = narrow->compute->backend;
    for (int i = 0; i < LAYERS; i++) {
        backend->convolution_destroy(self->convolution[i]);
        backend->pooling_destroy(self->pooling[i]);
    }
}

void dn_narrow_destroy(dn_narrow *narrow) {
    if (!narrow)
        return;
    for (int s = 0; s < narrow->shape.scales; s++)
        destroy_scale(narrow, &narrow->scales[s]);
    dn_release(narrow->first_weights);
    dn_release(narrow->first_bias);
    dn_release(narrow->histograms);
    dn_release(narrow->pixels);
    dn_release(narrow->folded);
    dn_release(narrow->activation[0]);
    dn_release(narrow->activation[1]);
    dn_release(narrow);
}

/* ---- running ---- */

uint8_t *dn_narrow_pixels(dn_narrow *narrow) {
    return narrow->pixels;
}

static dn_status run_scale(dn_narrow *narrow, int s, float *features, int count, dn_error *error) {
    const dn_compute *compute = narrow->compute;
    const scale *self = &narrow->scales[s];
    const float *in = narrow->folded;
    int turn = 0;
    for (int i = 0; i < LAYERS; i++) {
        float *out = narrow->activation[turn];
        DN_TRY(compute->backend->convolution_forward(self->convolution[i], out, in, count, error));
        if (narrow->histograms && i < STEPS)
            dn_histogram_add(&narrow->histograms[s * STEPS + i], out,
                             (size_t)count * self->maps[i]);
        in = out;
        turn = !turn;
        if (!self->pooling[i])
            continue;
        out = narrow->activation[turn];
        DN_TRY(compute->backend->pooling_forward(self->pooling[i], out, in, count, error));
        in = out;
        turn = !turn;
    }
    return compute->backend->spatial_mean(compute->context, features, in, count, self->positions,
                                          DN_BACKBONE_CHANNELS,
                                          DN_BACKBONE_CHANNELS * narrow->shape.scales, error);
}

dn_status dn_narrow_forward(dn_narrow *narrow, float *features, int count, dn_error *error) {
    const dn_compute *compute = narrow->compute;
    DN_TRY(dn_check_images("backbone", count, narrow->shape.batch, error));
    for (int s = 0; s < narrow->shape.scales; s++) {
        dn_fold_shape fold = narrow->scales[s].fold;
        fold.batch = count;
        DN_TRY(compute->backend->fold_pixels(compute->context, narrow->folded, narrow->element,
                                             narrow->pixels, narrow->fill, &fold, error));
        DN_TRY(run_scale(narrow, s, features + DN_BACKBONE_CHANNELS * s, count, error));
    }
    return DN_OK;
}

void dn_narrow_steps(const dn_narrow *narrow, dn_backbone_steps *steps) {
    *steps = (dn_backbone_steps){.known = 1};
    for (int s = 0; s < narrow->shape.scales; s++)
        for (int i = 0; i < STEPS; i++)
            steps->step[s][i] = dn_histogram_step(&narrow->histograms[s * STEPS + i]);
}
