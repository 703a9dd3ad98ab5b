/*
 * A detector as one ONNX graph:
 *
 *     images [N, height, width, 3] uint8, RGB
 *     raw_score [N]   = mean over dimensions of z^2, reduced over the views (detect/reduction.h)
 *     pred_score, pred_label [N], where the model is calibrated
 *
 * Without rotations each image is scored as the one view that it is. With them a Scan runs over the
 * views: it picks the turned image's pixels by a table and keeps only the features, so that it
 * needs the memory of one view; the flow then takes all views of all images at once.
 */
#include "base/memory.h"
#include "base/mt19937.h"
#include "compute/shape.h"
#include "detect/features/extractor.h"
#include "detect/reduction.h"
#include "image/image.h"
#include "interchange/interchange.h"
#include "interchange/onnx_graph.h"
#include "tensors/write/chunks.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

typedef struct exporter {
    dn_onnx *graph;
    const dn_detector *detector;
    int half, views, height, width;
    int32_t *maps; /* [views][height * width]: 1 + the source's pixel, 0 outside */
} exporter;

/* ---- Weights --------------------------------------------------------------------------------- */

/* A constant from a tensor: in place, or as f16 with a cast behind it. */
static const char *weights(exporter *self, dn_onnx *graph, const dn_tensor *tensor) {
    if (!self->half)
        return dn_onnx_tensor(graph, tensor);
    dn_chunks chunks;
    const void *bytes;
    size_t size = 1, done = 0;
    dn_tensor rounded = *tensor;
    rounded.dtype = DN_F16;
    rounded.bytes = dn_written_bytes(tensor, DN_F16);
    uint8_t *data = dn_onnx_memory(graph, rounded.bytes);
    dn_chunks_begin(&chunks, tensor, DN_F16);
    while (data && size > 0 && dn_chunks_next(&chunks, &bytes, &size, NULL) == DN_OK) {
        memcpy(data + done, bytes, size);
        done += size;
    }
    rounded.data = data;
    const char *value = DN_ONNX_NODE(graph, "Cast", dn_onnx_tensor(graph, &rounded));
    dn_onnx_int(graph, "to", DN_ONNX_FLOAT);
    return value;
}

static const char *flow_weights(exporter *self, size_t index) {
    dn_flow_tensor source;
    dn_flow_tensor_at(&self->detector->flow, index, &source);
    dn_tensor tensor = {.name = source.name, .dtype = DN_F32, .rank = source.rank};
    tensor.shape[0] = source.shape[0];
    tensor.shape[1] = source.shape[1];
    tensor.data = self->detector->parameters + source.offset;
    tensor.bytes = source.count * sizeof(float);
    return weights(self, self->graph, &tensor);
}

/* ---- Image to features ----------------------------------------------------------------------- */

static const char *three_floats(dn_onnx *graph, const double values[3]) {
    const float rounded[] = {(float)values[0], (float)values[1], (float)values[2]};
    return dn_onnx_floats(graph, rounded, 3);
}

/* (v / 255 - mean) / std, then [N, 3, height, width] */
static const char *normalized(const exporter *self, dn_onnx *graph, const char *pixels) {
    const dn_config *config = self->detector->config;
    static const int64_t planes[] = {0, 3, 1, 2};
    const char *value = DN_ONNX_NODE(graph, "Cast", pixels);
    dn_onnx_int(graph, "to", DN_ONNX_FLOAT);
    value = DN_ONNX_NODE(graph, "Div", value, dn_onnx_scalar(graph, 255.0f));
    value = DN_ONNX_NODE(graph, "Sub", value, three_floats(graph, config->norm_mean));
    value = DN_ONNX_NODE(graph, "Div", value, three_floats(graph, config->norm_std));
    value = DN_ONNX_NODE(graph, "Transpose", value);
    dn_onnx_ints(graph, "perm", planes, 4);
    return value;
}

/* Nearest neighbours along one axis, at exactly the positions that PyTorch reads. */
static const char *picked(dn_onnx *graph, const char *value, int axis, int extent, int out_extent) {
    int64_t *positions = dn_onnx_memory(graph, (size_t)out_extent * sizeof *positions);
    if (!positions)
        return "";
    for (int i = 0; i < out_extent; i++)
        positions[i] = dn_nearest_position(i, extent, out_extent);
    value =
        DN_ONNX_NODE(graph, "Gather", value, dn_onnx_indices(graph, positions, (size_t)out_extent));
    dn_onnx_int(graph, "axis", axis);
    return value;
}

static const char *activated(dn_onnx *graph, const char *value, dn_activation activation) {
    if (activation == DN_ACTIVATION_RELU)
        return DN_ONNX_NODE(graph, "Relu", value);
    if (activation == DN_ACTIVATION_RELU6)
        return DN_ONNX_NODE(graph, "Clip", value, dn_onnx_scalar(graph, 0.0f),
                            dn_onnx_scalar(graph, 6.0f));
    return value;
}

/* `residual` is added before the activation; NULL: none. */
static const char *convolved(dn_onnx *graph, const dn_convolution_shape *shape, const char *value,
                             const char *residual, const char *const kernel_and_bias[2]) {
    const int64_t kernel[] = {shape->kernel, shape->kernel},
                  step[] = {shape->stride, shape->stride};
    const int64_t padding[] = {shape->pad_top, shape->pad_left, shape->pad_bottom,
                               shape->pad_right};
    value = DN_ONNX_NODE(graph, "Conv", value, kernel_and_bias[0], kernel_and_bias[1]);
    dn_onnx_ints(graph, "kernel_shape", kernel, 2);
    dn_onnx_ints(graph, "strides", step, 2);
    dn_onnx_ints(graph, "pads", padding, 4);
    dn_onnx_int(graph, "group", shape->groups);
    if (residual)
        value = DN_ONNX_NODE(graph, "Add", value, residual);
    return activated(graph, value, shape->activation);
}

static const char *pooled(dn_onnx *graph, const dn_pooling_shape *shape, const char *value) {
    const int64_t kernel[] = {shape->kernel, shape->kernel},
                  step[] = {shape->stride, shape->stride};
    const int64_t padding[] = {shape->padding, shape->padding, shape->padding, shape->padding};
    value = DN_ONNX_NODE(graph, "MaxPool", value);
    dn_onnx_ints(graph, "kernel_shape", kernel, 2);
    dn_onnx_ints(graph, "strides", step, 2);
    if (shape->padding)
        dn_onnx_ints(graph, "pads", padding, 4);
    return value;
}

/* The means at the taps of one scale go to parts[0..taps). */
static void walk_network(const exporter *self, dn_onnx *graph, int s, const char *image,
                         const char *const *kernels, const char **parts) {
    static const dn_plan_options exact = {.element = DN_ELEMENT_F32};
    const dn_network *network = self->detector->backbone.network;
    const dn_backbone_shape shape = dn_backbone_shape_of(self->detector->config, network, 1, 1);
    const char *values[DN_NETWORK_MOST_STEPS];
    dn_plan plan;
    dn_plan_make(&shape, s, &exact, &plan);
    for (int i = 0; i < network->step_count; i++) {
        const dn_plan_step *step = &plan.step[i];
        const char *in = step->source == DN_NETWORK_IMAGE ? image : values[step->source];
        if (network->steps[i].kind == DN_STEP_CONVOLUTION) {
            values[i] = convolved(graph, &step->convolution, in,
                                  step->residual >= 0 ? values[step->residual] : NULL, kernels);
            kernels += 2;
        } else if (network->steps[i].kind == DN_STEP_MAX_POOL)
            values[i] = pooled(graph, &step->pooling, in);
        else
            *parts++ = DN_ONNX_NODE(graph, "Flatten", DN_ONNX_NODE(graph, "GlobalAveragePool", in));
    }
}

/* [N, features] of normalised images */
static const char *features_of(exporter *self, dn_onnx *graph, const char *images,
                               const char *const *kernels) {
    int scales = self->detector->config->n_scales;
    int taps = dn_network_taps(self->detector->backbone.network);
    const char **parts =
        dn_onnx_memory(graph, ((size_t)(scales * taps) + 1) * sizeof *parts); /* ends with NULL */
    for (int s = 0; parts && s < scales; s++) {
        int side = self->height >> s; /* square but for the first, as the original's */
        const char *value = images;
        if (s > 0) {
            value = picked(graph, value, 2, self->height, side);
            value = picked(graph, value, 3, self->width, side);
        }
        walk_network(self, graph, s, value, kernels, parts + s * taps);
    }
    const char *joined = parts ? dn_onnx_node(graph, "Concat", parts) : "";
    dn_onnx_int(graph, "axis", 1);
    return joined;
}

/* Weight and bias of each convolution. */
static const char *const *list_kernels(exporter *self) {
    char name[DN_BACKBONE_NAME_SIZE];
    dn_tensor tensor;
    size_t count = dn_backbone_tensor_count(self->detector->backbone.network);
    const char **kernels = dn_onnx_memory(self->graph, count * sizeof *kernels);
    for (size_t i = 0; kernels && i < count; i++) {
        dn_backbone_tensor_at(&self->detector->backbone, i, DN_BACKBONE_PREFIX, name, &tensor);
        kernels[i] = weights(self, self->graph, &tensor);
    }
    return kernels;
}

/* ---- Rotations ------------------------------------------------------------------------------- */

/* Turns an image whose pixels hold their own numbers (0 outside the region of interest), so that
 * the table is exactly what dn_image_rotate does. The numbers of 2048 x 2048 pixels fit 24 bits. */
static dn_status make_maps(exporter *self, dn_error *error) {
    dn_image numbers, turned;
    void *block;
    size_t pixels = (size_t)self->height * (size_t)self->width;
    DN_TRY(dn_allocate(&block, (size_t)self->views * pixels, sizeof *self->maps, error));
    self->maps = block;
    DN_TRY(dn_image_create(self->width, self->height, &numbers, error));
    dn_status status = dn_image_create(self->width, self->height, &turned, error);
    for (size_t i = 0; i < pixels; i++)
        for (int byte = 0; byte < 3; byte++)
            numbers.pixels[3 * i + (size_t)byte] = (uint8_t)((i + 1) >> 8 * byte);
    dn_roi_paint(&self->detector->roi, &numbers);
    for (int view = 0; view < self->views && status == DN_OK; view++) {
        dn_image_rotate(&numbers, view * 360.0 / self->views, &turned);
        int32_t *map = self->maps + (size_t)view * pixels;
        for (size_t i = 0; i < pixels; i++) {
            const uint8_t *pixel = turned.pixels + 3 * i;
            map[i] = pixel[0] | pixel[1] << 8 | pixel[2] << 16;
        }
    }
    dn_image_free(&numbers);
    if (status == DN_OK)
        dn_image_free(&turned);
    return status;
}

/* The images as rows of pixels with a black one before the first. */
static const char *numbered_pixels(dn_onnx *graph, int64_t pixels) {
    static const int64_t pads[] = {0, 1, 0, 0, 0, 0};
    const int64_t rows[] = {0, pixels, 3};
    const char *value = DN_ONNX_NODE(graph, "Reshape", "images", dn_onnx_indices(graph, rows, 3));
    return DN_ONNX_NODE(graph, "Pad", value, dn_onnx_indices(graph, pads, 6));
}

/* One view: its pixels, its features. */
static dn_onnx *view_body(exporter *self, const char *pixels, const char *const *kernels) {
    dn_onnx *body = dn_onnx_body(self->graph, "view");
    const int64_t count = (int64_t)self->height * self->width;
    const int64_t image[] = {0, self->height, self->width, 3};
    const int64_t output[] = {-1, self->detector->flow.features};
    dn_onnx_input(body, "map", DN_ONNX_INT32, &count, 1);
    const char *value = DN_ONNX_NODE(body, "Gather", pixels, "map");
    dn_onnx_int(body, "axis", 1);
    value = DN_ONNX_NODE(body, "Reshape", value, dn_onnx_indices(body, image, 4));
    value = features_of(self, body, normalized(self, body, value), kernels);
    dn_onnx_output(body, value, "view_features", DN_ONNX_FLOAT, output, 2);
    return body;
}

/* [N * views, features], the views of an image together */
static const char *turned_features(exporter *self, const char *const *kernels) {
    dn_onnx *graph = self->graph;
    size_t pixels = (size_t)self->height * (size_t)self->width;
    const dn_tensor maps = {.name = "rotation_maps",
                            .dtype = DN_I32,
                            .rank = 2,
                            .shape = {(size_t)self->views, pixels},
                            .data = self->maps,
                            .bytes = (size_t)self->views * pixels * sizeof *self->maps};
    static const int64_t by_image[] = {1, 0, 2};
    const int64_t rows[] = {-1, self->detector->flow.features};
    dn_onnx *body = view_body(self, numbered_pixels(graph, (int64_t)pixels), kernels);
    const char *value = DN_ONNX_NODE(graph, "Scan", dn_onnx_tensor(graph, &maps));
    dn_onnx_body_attribute(graph, "body", body);
    dn_onnx_int(graph, "num_scan_inputs", 1);
    value = DN_ONNX_NODE(graph, "Transpose", value);
    dn_onnx_ints(graph, "perm", by_image, 3);
    return DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, rows, 2));
}

/* ---- Flow ------------------------------------------------------------------------------------ */

typedef struct halves {
    const char *first, *second;
} halves;

static halves split(dn_onnx *graph, const char *value) {
    halves parts = {.first = DN_ONNX_NODE(graph, "Split", value)};
    dn_onnx_int(graph, "axis", 1);
    parts.second = dn_onnx_more_output(graph);
    return parts;
}

static const char *permuted(exporter *self, const char *value, int k) {
    uint32_t count = (uint32_t)self->detector->flow.features;
    uint32_t *drawn = dn_onnx_memory(self->graph, count * sizeof *drawn);
    int64_t *order = dn_onnx_memory(self->graph, count * sizeof *order);
    if (!drawn || !order)
        return "";
    dn_numpy_permutation((uint32_t)k, drawn, count);
    for (uint32_t i = 0; i < count; i++)
        order[i] = drawn[i];
    value = DN_ONNX_NODE(self->graph, "Gather", value, dn_onnx_indices(self->graph, order, count));
    dn_onnx_int(self->graph, "axis", 1);
    return value;
}

/* Linear-ReLU three times, Linear; `first` numbers the subnet's first tensor. */
static halves subnet(exporter *self, const char *value, size_t first) {
    enum { LAYERS = 4 };
    for (size_t layer = 0; layer < LAYERS; layer++) {
        const char *weight = flow_weights(self, first + 2 * layer);
        const char *bias = flow_weights(self, first + 2 * layer + 1);
        value = DN_ONNX_NODE(self->graph, "Gemm", value, weight, bias);
        dn_onnx_int(self->graph, "transB", 1);
        if (layer + 1 < LAYERS)
            value = DN_ONNX_NODE(self->graph, "Relu", value);
    }
    return split(self->graph, value);
}

/* y = clip(exp(clamp * 0.636 * atan(s / clamp)) * x + t) */
static const char *coupled(exporter *self, const char *x, halves st) {
    dn_onnx *graph = self->graph;
    float clamp = self->detector->flow.clamp;
    const char *value = DN_ONNX_NODE(graph, "Div", st.first, dn_onnx_scalar(graph, clamp));
    value = DN_ONNX_NODE(graph, "Atan", value);
    value = DN_ONNX_NODE(graph, "Mul", value, dn_onnx_scalar(graph, clamp * 0.636f));
    value = DN_ONNX_NODE(graph, "Exp", value);
    value = DN_ONNX_NODE(graph, "Mul", value, x);
    value = DN_ONNX_NODE(graph, "Add", value, st.second);
    return DN_ONNX_NODE(graph, "Clip", value, dn_onnx_scalar(graph, -1e6f),
                        dn_onnx_scalar(graph, 1e6f));
}

/* docs/flow.md, equation by equation. */
static const char *flow_of(exporter *self, const char *value) {
    size_t subnet_tensors =
        dn_flow_tensor_count(&self->detector->flow) / (2 * (size_t)self->detector->flow.blocks);
    for (int k = 0; k < self->detector->flow.blocks; k++) {
        size_t s1 = 2 * (size_t)k * subnet_tensors, s2 = s1 + subnet_tensors;
        halves p = split(self->graph, permuted(self, value, k));
        const char *y1 = coupled(self, p.first, subnet(self, p.second, s2));
        const char *y2 = coupled(self, p.second, subnet(self, y1, s1));
        value = DN_ONNX_NODE(self->graph, "Concat", y1, y2);
        dn_onnx_int(self->graph, "axis", 1);
    }
    return value;
}

/* ---- Scores ---------------------------------------------------------------------------------- */

static const char *mean_over_columns(dn_onnx *graph, const char *value) {
    static const int64_t columns[] = {1};
    value = DN_ONNX_NODE(graph, "ReduceMean", value);
    dn_onnx_ints(graph, "axes", columns, 1);
    dn_onnx_int(graph, "keepdims", 0);
    return value;
}

/* The middle of each row, or the mean of the two in the middle: the larger half of a row in order,
 * of which only the end is needed. */
static const char *median_of_columns(dn_onnx *graph, const char *value, int count) {
    const int64_t half = count / 2 + 1;
    const int64_t middle[] = {half - 1, half - 2};
    value = DN_ONNX_NODE(graph, "TopK", value, dn_onnx_indices(graph, &half, 1));
    dn_onnx_int(graph, "axis", 1);
    dn_onnx_more_output(graph); /* where they were */
    value = DN_ONNX_NODE(graph, "Gather", value, dn_onnx_indices(graph, middle, count % 2 ? 1 : 2));
    dn_onnx_int(graph, "axis", 1);
    return mean_over_columns(graph, value);
}

/* detect/reduction.h, of [N, views] */
static const char *reduced(const exporter *self, const char *value) {
    dn_onnx *graph = self->graph;
    switch (dn_reduction_of(self->detector->config->rotation_reduction)) {
    case DN_REDUCTION_MEDIAN:
        return median_of_columns(graph, value, self->views);
    case DN_REDUCTION_LOG_MEAN:
        value = DN_ONNX_NODE(graph, "Max", value, dn_onnx_scalar(graph, FLT_MIN));
        value = mean_over_columns(graph, DN_ONNX_NODE(graph, "Log", value));
        return DN_ONNX_NODE(graph, "Exp", value);
    default:
        return mean_over_columns(graph, value);
    }
}

static const char *score_of(exporter *self, const char *z) {
    dn_onnx *graph = self->graph;
    const char *value = mean_over_columns(graph, DN_ONNX_NODE(graph, "Mul", z, z));
    if (self->views == 1)
        return value;
    const int64_t rows[] = {-1, self->views};
    return reduced(self, DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, rows, 2)));
}

/* dn_calibration_judge: x = log(raw / threshold), pred_score = (1 + x / (1 + |x|)) / 2 */
static void judge_score(exporter *self, const char *raw, const int64_t *batch) {
    dn_onnx *graph = self->graph;
    const char *threshold = dn_onnx_scalar(graph, (float)self->detector->calibration.threshold);
    const char *one = dn_onnx_scalar(graph, 1.0f);
    const char *x = DN_ONNX_NODE(graph, "Max", raw, dn_onnx_scalar(graph, FLT_MIN));
    x = DN_ONNX_NODE(graph, "Log", DN_ONNX_NODE(graph, "Div", x, threshold));
    const char *spread = DN_ONNX_NODE(graph, "Add", DN_ONNX_NODE(graph, "Abs", x), one);
    const char *score = DN_ONNX_NODE(graph, "Add", DN_ONNX_NODE(graph, "Div", x, spread), one);
    score = DN_ONNX_NODE(graph, "Mul", score, dn_onnx_scalar(graph, 0.5f));
    const char *label = DN_ONNX_NODE(graph, "Greater", raw, threshold);
    label = DN_ONNX_NODE(graph, "Cast", label);
    dn_onnx_int(graph, "to", DN_ONNX_INT64);
    dn_onnx_output(graph, score, "pred_score", DN_ONNX_FLOAT, batch, 1);
    dn_onnx_output(graph, label, "pred_label", DN_ONNX_INT64, batch, 1);
}

static void build(exporter *self) {
    dn_onnx *graph = self->graph;
    const int64_t batch = -1, images[] = {-1, self->height, self->width, 3};
    dn_onnx_input(graph, "images", DN_ONNX_UINT8, images, 4);
    const char *const *kernels = list_kernels(self);
    if (!kernels)
        return; /* out of memory; writing the graph reports it */
    const char *features =
        self->views > 1 ? turned_features(self, kernels)
                        : features_of(self, graph, normalized(self, graph, "images"), kernels);
    const char *raw = score_of(self, flow_of(self, features));
    dn_onnx_output(graph, raw, "raw_score", DN_ONNX_FLOAT, &batch, 1);
    if (dn_calibration_judges(&self->detector->calibration))
        judge_score(self, raw, &batch);
}

/* ---- The file -------------------------------------------------------------------------------- */

static void describe_model(exporter *self) {
    char views[16];
    snprintf(views, sizeof views, "%d", self->views);
    dn_onnx_property(self->graph, "rotations", views);
    dn_onnx_property(self->graph, "model_id", self->detector->id);
    dn_onnx_property(self->graph, "input", "uint8 RGB, [N, height, width, 3]");
}

/* The region of interest cannot be painted on views that were turned outside the graph. */
static dn_status check_roi(const exporter *self, dn_error *error) {
    if (self->views > 1 || !dn_roi_limits(&self->detector->roi))
        return DN_OK;
    return dn_fail(
        error, DN_ERROR_UNSUPPORTED,
        "the model has a region of interest, which is painted before an image is turned: "
        "only a graph that turns it itself can do so (--rotations N, N above 1)");
}

static dn_status export_detector(exporter *self, const char *output, dn_error *error) {
    DN_TRY(check_roi(self, error));
    if (self->views > 1)
        DN_TRY(make_maps(self, error));
    DN_TRY(dn_onnx_create("DifferNet", &self->graph, error));
    build(self);
    describe_model(self);
    return dn_onnx_write(self->graph, output, error);
}

dn_status dn_interchange_export_onnx(const char *model, int half, int views, const char *output,
                                     dn_error *error) {
    dn_detector detector;
    DN_TRY(dn_detector_load(model, NULL, &detector, error));
    if (detector.places.gaussians.pictures > 0 && detector.places.score != DN_SCORE_PAPER) {
        dn_detector_close(&detector);
        return dn_fail(
            error, DN_ERROR_UNSUPPORTED,
            "%s: its score has a part of places, which an ONNX graph of this version does "
            "not hold: train it with score: paper, or places: off",
            model);
    }
    exporter self = {.detector = &detector,
                     .half = half,
                     .views = views > 1 ? views : 1,
                     .height = detector.config->img_size[0],
                     .width = detector.config->img_size[1]};
    dn_status status = export_detector(&self, output, error);
    dn_onnx_destroy(self.graph);
    dn_release(self.maps);
    dn_detector_close(&detector);
    return status;
}
