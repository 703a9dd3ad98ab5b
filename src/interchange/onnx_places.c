/* The detector for places as a part of an ONNX graph: places/grid.h, gaussian.h and heat.h step by
 * step. What is linear along a side of the grid is a product with a matrix. */
#include "detect/features/extractor.h"
#include "interchange/onnx_parts.h"
#include "places/grid.h"
#include "places/heat.h"

/* A matrix[count][extent] that brings one side from `extent` to `count`. */
typedef void fill_matrix(int count, int extent, float *matrix);

static void fill_smoothing(int count, int extent, float *matrix) {
    (void)count;
    dn_place_smoothing(extent, DN_PLACE_SIGMA, matrix);
}

static const char *matrix_of(dn_onnx *graph, fill_matrix *fill, int count, int extent) {
    float *values = dn_onnx_memory(graph, (size_t)count * (size_t)extent * sizeof *values);
    if (!values)
        return "";
    fill(count, extent, values);
    return dn_onnx_matrix(graph, values, (size_t)count, (size_t)extent);
}

typedef struct extents {
    int height, width;
} extents;

/* value[.., from.height, from.width] to [.., to.height, to.width] */
static const char *brought(dn_onnx *graph, fill_matrix *fill, const char *value, extents from,
                           extents to) {
    const char *across =
        DN_ONNX_NODE(graph, "Transpose", matrix_of(graph, fill, to.width, from.width));
    value = DN_ONNX_NODE(graph, "MatMul", value, across);
    return DN_ONNX_NODE(graph, "MatMul", matrix_of(graph, fill, to.height, from.height), value);
}

static extents grid_of(const dn_onnx_exporter *self) {
    const dn_place_gaussians *own = &self->detector->places.gaussians;
    return (extents){own->height, own->width};
}

/* ---- features of places ---------------------------------------------------------------------- */

/* One map [N, channels, height, width]: means of 3 x 3 positions, brought to the grid. */
static const char *gridded(dn_onnx_exporter *self, const char *value, extents from) {
    dn_onnx *graph = self->graph;
    static const int64_t kernel[] = {3, 3}, strides[] = {1, 1}, pads[] = {1, 1, 1, 1};
    extents to = grid_of(self);
    value = DN_ONNX_NODE(graph, "AveragePool", value);
    dn_onnx_ints(graph, "kernel_shape", kernel, 2);
    dn_onnx_ints(graph, "strides", strides, 2);
    dn_onnx_ints(graph, "pads", pads, 4); /* the border has fewer neighbours: they do not count */
    if (from.height == to.height && from.width == to.width)
        return value;
    return brought(graph, dn_place_grid_pooling, value, from, to);
}

/* [N, channels of the grid, height, width] */
static const char *features_of(dn_onnx_exporter *self, const char *const *maps) {
    const dn_detector *detector = self->detector;
    const dn_backbone_shape shape =
        dn_backbone_shape_of(detector->config, detector->backbone.network, 1, 1);
    size_t count = 0;
    while (maps[count])
        count++;
    const char **parts = dn_onnx_memory(self->graph, (count + 1) * sizeof *parts);
    if (!parts)
        return "";
    dn_backbone_map map;
    for (size_t i = 0; i < count && dn_backbone_places_shape(&shape, (int)i, &map); i++)
        parts[i] = gridded(self, maps[i], (extents){map.height, map.width});
    const char *value = dn_onnx_node(self->graph, "Concat", parts);
    dn_onnx_int(self->graph, "axis", 1);
    return value;
}

/* ---- distances ------------------------------------------------------------------------------- */

static const char *reshaped(dn_onnx *graph, const char *value, int64_t a, int64_t b, int64_t c) {
    const int64_t shape[] = {a, b, c};
    return DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, shape, 3));
}

/* A tensor of the model where it lies. */
static const char *model_tensor(dn_onnx *graph, const char *name, const float *values, size_t rows,
                                size_t columns) {
    dn_tensor tensor = {.name = name, .dtype = DN_F32, .rank = 2, .shape = {rows, columns}};
    tensor.data = values;
    tensor.bytes = rows * columns * sizeof *values;
    return dn_onnx_tensor(graph, &tensor);
}

/* F' of each place [places, channels, channels], from the packed triangles: number 0 is a zero. */
static const char *unpacked_factors(dn_onnx_exporter *self) {
    dn_onnx *graph = self->graph;
    static const int64_t pads[] = {0, 1, 0, 0};
    const dn_place_gaussians *own = &self->detector->places.gaussians;
    size_t n = (size_t)own->channels, places = (size_t)own->height * (size_t)own->width;
    int64_t *order = dn_onnx_memory(graph, n * n * sizeof *order);
    if (!order)
        return "";
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < n; r++)
            order[k * n + r] = k <= r ? (int64_t)(1 + dn_triangle((int)r) + k) : 0;
    const char *value =
        model_tensor(graph, "places.factor", own->factor, places, dn_triangle((int)n));
    value = DN_ONNX_NODE(graph, "Pad", value, dn_onnx_indices(graph, pads, 4));
    value = DN_ONNX_NODE(graph, "Gather", value, dn_onnx_indices(graph, order, n * n));
    dn_onnx_int(graph, "axis", 1);
    return reshaped(graph, value, (int64_t)places, (int64_t)n, (int64_t)n);
}

/* |F (x - mu)| of each place: [N, height, width] */
static const char *distances_of(dn_onnx_exporter *self, const char *features) {
    dn_onnx *graph = self->graph;
    static const int64_t by_place[] = {2, 3, 0, 1}, columns[] = {2};
    const dn_place_gaussians *own = &self->detector->places.gaussians;
    size_t n = (size_t)own->channels, places = (size_t)own->height * (size_t)own->width;
    const char *x = DN_ONNX_NODE(graph, "Transpose", features);
    dn_onnx_ints(graph, "perm", by_place, 4);
    x = reshaped(graph, x, (int64_t)places, -1, (int64_t)n);
    const char *mean = model_tensor(graph, "places.mean", own->mean, places, n);
    x = DN_ONNX_NODE(graph, "Sub", x, reshaped(graph, mean, (int64_t)places, 1, (int64_t)n));
    x = DN_ONNX_NODE(graph, "MatMul", x, unpacked_factors(self));
    x = DN_ONNX_NODE(graph, "ReduceL2", x);
    dn_onnx_ints(graph, "axes", columns, 1);
    dn_onnx_int(graph, "keepdims", 0);
    x = DN_ONNX_NODE(graph, "Transpose", x);
    return reshaped(graph, x, -1, own->height, own->width);
}

/* ---- the map --------------------------------------------------------------------------------- */

/* log(1 + exp((l - a) / b)) */
static const char *standardized(dn_onnx_exporter *self, const char *value) {
    dn_onnx *graph = self->graph;
    const dn_place_gaussians *own = &self->detector->places.gaussians;
    size_t height = (size_t)own->height, width = (size_t)own->width;
    value = DN_ONNX_NODE(graph, "Log", value);
    value = DN_ONNX_NODE(graph, "Sub", value, dn_onnx_matrix(graph, own->log_mean, height, width));
    value =
        DN_ONNX_NODE(graph, "Div", value, dn_onnx_matrix(graph, own->log_deviation, height, width));
    return DN_ONNX_NODE(graph, "Softplus", value);
}

/* 0 outside the region of interest. */
static const char *limited(dn_onnx_exporter *self, const char *map) {
    dn_onnx *graph = self->graph;
    const dn_roi *roi = &self->detector->roi;
    size_t height = (size_t)self->height, width = (size_t)self->width;
    if (!dn_roi_limits(roi))
        return map;
    float *inside = dn_onnx_memory(graph, height * width * sizeof *inside);
    for (size_t i = 0; inside && i < height * width; i++)
        inside[i] = roi->inside[i] ? 1 : 0;
    if (!inside)
        return "";
    return DN_ONNX_NODE(graph, "Mul", map, dn_onnx_matrix(graph, inside, height, width));
}

const char *dn_onnx_places(dn_onnx_exporter *self, const char *const *maps) {
    dn_onnx *graph = self->graph;
    extents grid = grid_of(self), picture = {self->height, self->width};
    const char *value = distances_of(self, features_of(self, maps));
    value = brought(graph, fill_smoothing, value, grid, grid);
    value = DN_ONNX_NODE(graph, "Max", value, dn_onnx_scalar(graph, DN_PLACE_LEAST_DISTANCE));
    value = standardized(self, value);
    return limited(self, brought(graph, dn_place_enlargement, value, grid, picture));
}

const char *dn_onnx_places_score(dn_onnx_exporter *self, const char *map) {
    static const int64_t pixels[] = {1, 2};
    const char *value = DN_ONNX_NODE(self->graph, "ReduceMax", map);
    dn_onnx_ints(self->graph, "axes", pixels, 2);
    dn_onnx_int(self->graph, "keepdims", 0);
    return value;
}
