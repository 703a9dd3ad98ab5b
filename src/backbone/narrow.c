#include "backbone/narrow.h"

#include "backbone/gates.h"
#include "backbone/histogram.h"
#include "base/memory.h"
#include "compute/shape.h"

#include <math.h>

enum { LAYERS = DN_BACKBONE_CONVOLUTIONS, STEPS = DN_BACKBONE_CONVOLUTIONS - 1 };

/* AlexNet at one size. */
typedef struct scale {
    dn_geometry geometry;
    dn_fold_shape fold;
    dn_convolution *convolution[LAYERS];
    dn_pooling *pooling[LAYERS]; /* NULL where none follows */
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

static dn_fold_shape fold_of(const dn_backbone_shape *shape, const dn_geometry *geometry) {
    const dn_backbone_layer *layer = &dn_backbone_layers[0];
    dn_fold_shape fold = {.batch = shape->batch,
                          .in_height = shape->height,
                          .in_width = shape->width,
                          .height = geometry->height,
                          .width = geometry->width,
                          .block = layer->stride,
                          .pad_top = layer->padding,
                          .pad_left = layer->padding};
    int more = 2 * layer->padding - layer->kernel;
    fold.rows = (fold.height + more) / layer->stride + folded_window();
    fold.columns = (fold.width + more) / layer->stride + folded_window();
    return fold;
}

/* As the geometry has it, but for the first layer, which reads squares. */
static dn_convolution_shape layer_shape(const scale *self, int i) {
    dn_convolution_shape shape = self->geometry.layer[i];
    if (i > 0)
        return shape;
    return (dn_convolution_shape){.batch = shape.batch,
                                  .height = self->fold.rows,
                                  .width = self->fold.columns,
                                  .channels = folded_channels(),
                                  .out_channels = shape.out_channels,
                                  .kernel = folded_window(),
                                  .stride = 1,
                                  .groups = 1,
                                  .activation = DN_ACTIVATION_RELU};
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

static void measure_scales(dn_narrow *narrow) {
    for (int s = 0; s < narrow->shape.scales; s++) {
        narrow->scales[s].geometry = dn_geometry_of(&narrow->shape, s);
        narrow->scales[s].fold = fold_of(&narrow->shape, &narrow->scales[s].geometry);
    }
}

static dn_status create_layer(dn_narrow *narrow, const dn_backbone_weights *weights, int s, int i,
                              dn_error *error) {
    const dn_compute *compute = narrow->compute;
    scale *self = &narrow->scales[s];
    dn_convolution_shape shape = layer_shape(self, i);
    dn_convolution_format format = layer_format(narrow, s, i);
    DN_TRY(compute->backend->convolution_create(
        compute->context, &shape, &format, i ? weights->weight[i] : narrow->first_weights,
        i ? weights->bias[i] : narrow->first_bias, &self->convolution[i], error));
    if (!dn_backbone_layers[i].pool)
        return DN_OK;
    return compute->backend->pooling_create(compute->context, &self->geometry.pool[i], format.out,
                                            &self->pooling[i], error);
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
            size_t bytes = self->geometry.map[i] * (i == LAYERS - 1 ? sizeof(float) : size);
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

static dn_status init_narrow(dn_narrow *narrow, const dn_backbone_weights *weights,
                             const dn_narrow_options *options, dn_error *error) {
    void *block;
    DN_TRY(fold_first_layer(narrow, weights, options, error));
    measure_scales(narrow);
    for (int s = 0; s < narrow->shape.scales; s++)
        for (int i = 0; i < LAYERS; i++)
            DN_TRY(create_layer(narrow, weights, s, i, error));
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
    dn_status status = init_narrow(created, weights, options, error);
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
    measure_scales(&narrow);
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

/* What layer i makes of a scale's images, for whoever looks on. */
static dn_status watch(const dn_narrow *narrow, int s, int i, uint8_t *gates, const void *out,
                       int count, dn_error *error) {
    const dn_geometry *geometry = &narrow->scales[s].geometry;
    dn_element element = i == LAYERS - 1 ? DN_ELEMENT_F32 : narrow->element;
    if (narrow->histograms && i < STEPS)
        dn_histogram_add(&narrow->histograms[s * STEPS + i], out, (size_t)count * geometry->map[i]);
    if (!gates)
        return DN_OK;
    return dn_keep_gates(narrow->compute, geometry, i, gates, out, element, count, error);
}

/* `gates` (may be NULL) are this scale's. */
static dn_status run_scale(dn_narrow *narrow, int s, float *features, uint8_t *gates, int count,
                           dn_error *error) {
    const dn_compute *compute = narrow->compute;
    const scale *self = &narrow->scales[s];
    const float *in = narrow->folded;
    int turn = 0;
    for (int i = 0; i < LAYERS; i++) {
        float *out = narrow->activation[turn];
        DN_TRY(compute->backend->convolution_forward(self->convolution[i], out, in, count, error));
        DN_TRY(watch(narrow, s, i, gates, out, count, error));
        gates = gates ? gates + (size_t)count * self->geometry.gates[i] : NULL;
        in = out;
        turn = !turn;
        if (!self->pooling[i])
            continue;
        out = narrow->activation[turn];
        DN_TRY(compute->backend->pooling_forward(self->pooling[i], out, in, count, error));
        in = out;
        turn = !turn;
    }
    return compute->backend->spatial_mean(compute->context, features, in, DN_ELEMENT_F32, 0, count,
                                          self->geometry.positions, DN_BACKBONE_CHANNELS,
                                          DN_BACKBONE_CHANNELS * narrow->shape.scales, error);
}

dn_status dn_narrow_forward(dn_narrow *narrow, float *features, uint8_t *gates, int count,
                            dn_error *error) {
    const dn_compute *compute = narrow->compute;
    DN_TRY(dn_check_images("backbone", count, narrow->shape.batch, error));
    for (int s = 0; s < narrow->shape.scales; s++) {
        dn_fold_shape fold = narrow->scales[s].fold;
        fold.batch = count;
        DN_TRY(compute->backend->fold_pixels(compute->context, narrow->folded, narrow->element,
                                             narrow->pixels, narrow->fill, &fold, error));
        DN_TRY(run_scale(narrow, s, features + DN_BACKBONE_CHANNELS * s, gates, count, error));
        gates = gates ? gates + (size_t)count * narrow->scales[s].geometry.all_gates : NULL;
    }
    return DN_OK;
}

void dn_narrow_steps(const dn_narrow *narrow, dn_backbone_steps *steps) {
    *steps = (dn_backbone_steps){.known = 1};
    for (int s = 0; s < narrow->shape.scales; s++)
        for (int i = 0; i < STEPS; i++)
            steps->step[s][i] = dn_histogram_step(&narrow->histograms[s * STEPS + i]);
}
