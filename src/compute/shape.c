#include "compute/shape.h"

/* `extent` includes the padding. */
static int window_count(int extent, int kernel, int stride) {
    return (extent - kernel) / stride + 1;
}

dn_extent dn_convolution_extent(const dn_convolution_shape *shape) {
    int height = shape->height + shape->pad_top + shape->pad_bottom;
    int width = shape->width + shape->pad_left + shape->pad_right;
    return (dn_extent){window_count(height, shape->kernel, shape->stride),
                       window_count(width, shape->kernel, shape->stride)};
}

dn_extent dn_pooling_extent(const dn_pooling_shape *shape) {
    int both = 2 * shape->padding;
    return (dn_extent){window_count(shape->height + both, shape->kernel, shape->stride),
                       window_count(shape->width + both, shape->kernel, shape->stride)};
}

typedef struct extent_check {
    const char *name;
    int value, least;
} extent_check;

/* Far above what is used. The product of two image extents fits an int, that of four a size_t. */
enum { LARGEST_IMAGE_EXTENT = 1 << 15, LARGEST_LINEAR_EXTENT = 1 << 22 };

static dn_status check_extents(const char *operation, const extent_check *checks, size_t count,
                               int largest, dn_error *error) {
    for (size_t i = 0; i < count; i++)
        if (checks[i].value < checks[i].least || checks[i].value > largest)
            return dn_fail(error, DN_ERROR_ARGUMENT, "%s: %s is %d, expected %d to %d", operation,
                           checks[i].name, checks[i].value, checks[i].least, largest);
    return DN_OK;
}

/* The extents include the padding. */
static dn_status check_window(const char *operation, int height, int width, int kernel,
                              dn_error *error) {
    if (kernel > height || kernel > width)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "%s: a %dx%d window does not fit into %dx%d, padding included", operation,
                       kernel, kernel, height, width);
    return DN_OK;
}

static dn_status check_groups(const dn_convolution_shape *shape, dn_error *error) {
    if (shape->channels % shape->groups == 0 && shape->out_channels % shape->groups == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT,
                   "convolution: %d groups do not divide %d channels in and %d out", shape->groups,
                   shape->channels, shape->out_channels);
}

static dn_status check_activation(dn_activation activation, dn_error *error) {
    if (activation >= DN_ACTIVATION_NONE && activation < DN_ACTIVATIONS)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "convolution: no activation %d", (int)activation);
}

dn_status dn_check_convolution(const dn_convolution_shape *shape, dn_error *error) {
    const extent_check checks[] = {
        {"batch", shape->batch, 1},           {"height", shape->height, 1},
        {"width", shape->width, 1},           {"channels", shape->channels, 1},
        {"kernel", shape->kernel, 1},         {"out_channels", shape->out_channels, 1},
        {"stride", shape->stride, 1},         {"groups", shape->groups, 1},
        {"pad_top", shape->pad_top, 0},       {"pad_left", shape->pad_left, 0},
        {"pad_bottom", shape->pad_bottom, 0}, {"pad_right", shape->pad_right, 0},
    };
    DN_TRY(check_extents("convolution", checks, sizeof checks / sizeof *checks,
                         LARGEST_IMAGE_EXTENT, error));
    DN_TRY(check_groups(shape, error));
    DN_TRY(check_activation(shape->activation, error));
    return check_window("convolution", shape->height + shape->pad_top + shape->pad_bottom,
                        shape->width + shape->pad_left + shape->pad_right, shape->kernel, error);
}

dn_status dn_check_pooling(const dn_pooling_shape *shape, dn_error *error) {
    const extent_check checks[] = {
        {"batch", shape->batch, 1},     {"height", shape->height, 1},
        {"width", shape->width, 1},     {"channels", shape->channels, 1},
        {"kernel", shape->kernel, 1},   {"stride", shape->stride, 1},
        {"padding", shape->padding, 0},
    };
    int both = 2 * shape->padding;
    DN_TRY(check_extents("pooling", checks, sizeof checks / sizeof *checks, LARGEST_IMAGE_EXTENT,
                         error));
    if (shape->padding >= shape->kernel) /* a window would see nothing else */
        return dn_fail(error, DN_ERROR_ARGUMENT, "pooling: padding is %d, expected less than %d",
                       shape->padding, shape->kernel);
    return check_window("pooling", shape->height + both, shape->width + both, shape->kernel, error);
}

/* A gate is a byte, so it can name at most DN_GATE_MAX_KERNEL^2 taps. */
dn_status dn_check_pooling_gates(const dn_pooling_shape *shape, dn_error *error) {
    DN_TRY(dn_check_pooling(shape, error));
    if (shape->kernel > DN_GATE_MAX_KERNEL)
        return dn_fail(error, DN_ERROR_ARGUMENT, "pooling gates: kernel is %d, expected at most %d",
                       shape->kernel, DN_GATE_MAX_KERNEL);
    return DN_OK;
}

dn_status dn_check_activation_gates(dn_activation activation, dn_error *error) {
    if (activation == DN_ACTIVATION_RELU || activation == DN_ACTIVATION_RELU6)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "activation gates: activation %d has none",
                   (int)activation);
}

dn_status dn_check_images(const char *operation, int images, int batch, dn_error *error) {
    if (images >= 1 && images <= batch)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "%s: %d images, created for 1 to %d", operation,
                   images, batch);
}

dn_status dn_check_fold(const dn_fold_shape *shape, dn_element element, dn_error *error) {
    if (element == DN_ELEMENT_S8)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "fold_pixels: s8 does not hold pixels of 0 to 255");
    const extent_check checks[] = {
        {"batch", shape->batch, 1},          {"height", shape->height, 1},
        {"width", shape->width, 1},          {"given height", shape->in_height, 1},
        {"given width", shape->in_width, 1}, {"rows", shape->rows, 1},
        {"columns", shape->columns, 1},      {"block", shape->block, 1},
        {"pad_top", shape->pad_top, 0},      {"pad_left", shape->pad_left, 0},
    };
    return check_extents("fold_pixels", checks, sizeof checks / sizeof *checks,
                         LARGEST_IMAGE_EXTENT, error);
}

dn_status dn_check_linear(const char *operation, int rows, int inputs, int outputs,
                          dn_error *error) {
    const extent_check checks[] = {
        {"rows", rows, 1}, {"inputs", inputs, 1}, {"outputs", outputs, 1}};
    return check_extents(operation, checks, sizeof checks / sizeof *checks, LARGEST_LINEAR_EXTENT,
                         error);
}

int dn_nearest_position(int position, int extent, int out_extent) {
    float step = (float)extent / (float)out_extent;
    int nearest = (int)((float)position * step);
    return nearest < extent ? nearest : extent - 1;
}
