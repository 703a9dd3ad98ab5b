#include "base/memory.h"
#include "compute/shape.h"
#include "detect/features/extractor.h"
#include "image/image.h"
#include "interchange/onnx_parts.h"
#include "tensors/write/chunks.h"

#include <string.h>

/* ---- Weights --------------------------------------------------------------------------------- */

const char *dn_onnx_weights(dn_onnx_exporter *self, dn_onnx *graph, const dn_tensor *tensor) {
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

/* ---- Image to features ----------------------------------------------------------------------- */

static const char *three_floats(dn_onnx *graph, const double values[3]) {
    const float rounded[] = {(float)values[0], (float)values[1], (float)values[2]};
    return dn_onnx_floats(graph, rounded, 3);
}

/* (v / 255 - mean) / std, then [N, 3, height, width] */
static const char *normalized(const dn_onnx_exporter *self, dn_onnx *graph, const char *pixels) {
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

/* Where a pass over the network puts what it finds. */
typedef struct findings {
    const char *const *kernels;
    const char **means;  /* next mean at a tap */
    const char **places; /* next map that a detector for places reads; NULL: not wanted */
} findings;

static void walk_network(const dn_onnx_exporter *self, dn_onnx *graph, int s, const char *image,
                         findings *found) {
    const char *const *kernels = found->kernels;
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
        else {
            values[i] = in; /* what a detector for places reads */
            *found->means++ =
                DN_ONNX_NODE(graph, "Flatten", DN_ONNX_NODE(graph, "GlobalAveragePool", in));
        }
        if (found->places && s < network->steps[i].places)
            *found->places++ = values[i];
    }
}

/* [N, features] of normalised images. `places` (NULL: not wanted) receives the maps. */
static const char *features_of(dn_onnx_exporter *self, dn_onnx *graph, const char *images,
                               const char *const *kernels, const char **places) {
    int scales = self->detector->config->n_scales;
    int taps = dn_network_taps(self->detector->backbone.network);
    const char **parts =
        dn_onnx_memory(graph, ((size_t)(scales * taps) + 1) * sizeof *parts); /* ends with NULL */
    findings found = {kernels, parts, places};
    for (int s = 0; parts && s < scales; s++) {
        int side = self->height >> s; /* square but for the first, as the original's */
        const char *value = images;
        if (s > 0) {
            value = picked(graph, value, 2, self->height, side);
            value = picked(graph, value, 3, self->width, side);
        }
        walk_network(self, graph, s, value, &found);
    }
    const char *joined = parts ? dn_onnx_node(graph, "Concat", parts) : "";
    dn_onnx_int(graph, "axis", 1);
    return joined;
}

/* Weight and bias of each convolution. */
static const char *const *list_kernels(dn_onnx_exporter *self) {
    char name[DN_BACKBONE_NAME_SIZE];
    dn_tensor tensor;
    size_t count = dn_backbone_tensor_count(self->detector->backbone.network);
    const char **kernels = dn_onnx_memory(self->graph, count * sizeof *kernels);
    for (size_t i = 0; kernels && i < count; i++) {
        dn_backbone_tensor_at(&self->detector->backbone, i, DN_BACKBONE_PREFIX, name, &tensor);
        kernels[i] = dn_onnx_weights(self, self->graph, &tensor);
    }
    return kernels;
}

/* ---- Rotations ------------------------------------------------------------------------------- */

/* Turns an image whose pixels hold their own numbers (0 outside the region of interest), so that
 * the table is exactly what dn_image_rotate does. The numbers of 2048 x 2048 pixels fit 24 bits. */
dn_status dn_onnx_prepare_turns(dn_onnx_exporter *self, dn_error *error) {
    dn_image numbers, turned;
    void *block;
    size_t pixels = (size_t)self->height * (size_t)self->width;
    DN_TRY(dn_allocate(&block, (size_t)self->views * pixels, sizeof *self->turns, error));
    self->turns = block;
    DN_TRY(dn_image_create(self->width, self->height, &numbers, error));
    dn_status status = dn_image_create(self->width, self->height, &turned, error);
    for (size_t i = 0; i < pixels; i++)
        for (int byte = 0; byte < 3; byte++)
            numbers.pixels[3 * i + (size_t)byte] = (uint8_t)((i + 1) >> 8 * byte);
    dn_roi_paint(&self->detector->roi, &numbers);
    for (int view = 0; view < self->views && status == DN_OK; view++) {
        dn_image_rotate(&numbers, view * 360.0 / self->views, &turned);
        int32_t *map = self->turns + (size_t)view * pixels;
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

/* Of one view, whose pixels `turn` numbers. */
static const char *turned(dn_onnx_exporter *self, dn_onnx *graph, const char *pixels,
                          const char *turn) {
    const int64_t image[] = {0, self->height, self->width, 3};
    const char *value = DN_ONNX_NODE(graph, "Gather", pixels, turn);
    dn_onnx_int(graph, "axis", 1);
    value = DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, image, 4));
    return normalized(self, graph, value);
}

static dn_onnx *view_body(dn_onnx_exporter *self, const char *pixels, const char *const *kernels) {
    dn_onnx *body = dn_onnx_body(self->graph, "view");
    const int64_t count = (int64_t)self->height * self->width;
    const int64_t output[] = {-1, self->detector->flow.features};
    dn_onnx_input(body, "map", DN_ONNX_INT32, &count, 1);
    const char *view = turned(self, body, pixels, "map");
    const char *value = features_of(self, body, view, kernels, NULL);
    dn_onnx_output(body, value, "view_features", DN_ONNX_FLOAT, output, 2);
    return body;
}

static const char *turn_table(dn_onnx_exporter *self) {
    size_t pixels = (size_t)self->height * (size_t)self->width;
    const dn_tensor turns = {.name = "rotation_maps",
                             .dtype = DN_I32,
                             .rank = 2,
                             .shape = {(size_t)self->views, pixels},
                             .data = self->turns,
                             .bytes = (size_t)self->views * pixels * sizeof *self->turns};
    return dn_onnx_tensor(self->graph, &turns);
}

/* [N, views of the table, features] */
static const char *scanned(dn_onnx_exporter *self, const char *table, const char *pixels,
                           const char *const *kernels) {
    dn_onnx *graph = self->graph;
    static const int64_t by_image[] = {1, 0, 2};
    dn_onnx *body = view_body(self, pixels, kernels);
    const char *value = DN_ONNX_NODE(graph, "Scan", table);
    dn_onnx_body_attribute(graph, "body", body);
    dn_onnx_int(graph, "num_scan_inputs", 1);
    value = DN_ONNX_NODE(graph, "Transpose", value);
    dn_onnx_ints(graph, "perm", by_image, 3);
    return value;
}

/* The upright view, table row 0, before the Scan over the others: it gives the places, too. */
static const char *upright_and_scanned(dn_onnx_exporter *self, const char *table,
                                       const char *pixels, const char *const *kernels,
                                       const char **places) {
    dn_onnx *graph = self->graph;
    static const int64_t first[] = {0}, second[] = {1}, last[] = {INT32_MAX};
    const char *row = DN_ONNX_NODE(graph, "Gather", table, dn_onnx_indices(graph, first, 1));
    const char *view = turned(self, graph, pixels, row);
    const char *own = features_of(self, graph, view, kernels, places);
    own = DN_ONNX_NODE(graph, "Unsqueeze", own, dn_onnx_indices(graph, second, 1));
    const char *others =
        DN_ONNX_NODE(graph, "Slice", table, dn_onnx_indices(graph, second, 1),
                     dn_onnx_indices(graph, last, 1), dn_onnx_indices(graph, first, 1));
    const char *rest = scanned(self, others, pixels, kernels);
    const char *value = DN_ONNX_NODE(graph, "Concat", own, rest);
    dn_onnx_int(graph, "axis", 1);
    return value;
}

/* [N * views, features] */
static const char *turned_features(dn_onnx_exporter *self, const char *const *kernels,
                                   const char **places) {
    dn_onnx *graph = self->graph;
    const int64_t rows[] = {-1, self->detector->flow.features};
    const char *table = turn_table(self);
    const char *pixels = numbered_pixels(graph, (int64_t)self->height * self->width);
    const char *value = places ? upright_and_scanned(self, table, pixels, kernels, places)
                               : scanned(self, table, pixels, kernels);
    return DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, rows, 2));
}

/* Room for the names of the maps that a detector for places reads, and a NULL. */
static const char **place_list(dn_onnx_exporter *self) {
    const dn_detector *detector = self->detector;
    const dn_backbone_shape shape =
        dn_backbone_shape_of(detector->config, detector->backbone.network, 1, 1);
    dn_backbone_map map;
    int count = 0;
    if (detector->places.gaussians.pictures == 0)
        return NULL;
    while (dn_backbone_places_shape(&shape, count, &map))
        count++;
    return dn_onnx_memory(self->graph, ((size_t)count + 1) * sizeof(char *));
}

dn_onnx_features dn_onnx_network(dn_onnx_exporter *self) {
    const char *const *kernels = list_kernels(self);
    dn_onnx_features found = {.rows = "", .places = place_list(self)};
    if (!kernels)
        return found;
    found.rows = self->views > 1
                     ? turned_features(self, kernels, found.places)
                     : features_of(self, self->graph, normalized(self, self->graph, "images"),
                                   kernels, found.places);
    return found;
}
