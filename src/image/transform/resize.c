/* Pillow's antialiased bilinear resize. Output pixel i of n, made from m source pixels, has its
 * centre at c = (i + 1/2) m/n; with r = max(1, m/n) source pixel j weighs 1 - |j + 1/2 - c| / r
 * where that is positive. The weights of a pixel are made to sum to 1 and rounded to 22 bits of
 * fraction. Two passes, each rounded to 8 bits: along the rows first, unless the width grows and
 * the height shrinks, for then Pillow 13 goes along the columns first (older ones did not). */
#include "base/memory.h"
#include "image/image.h"

#include <math.h>
#include <string.h>

enum { FRACTION = 22, HALF = 1 << (FRACTION - 1) };

typedef struct window {
    int first, count;
} window;

/* Weights of one axis: windows[i] of the source, weights[i * stride ...]. */
typedef struct axis {
    int size, stride;
    window *windows;
    int32_t *weights;
} axis;

static void axis_destroy(axis *along) {
    dn_release(along->windows);
    dn_release(along->weights);
}

/* Sums in the order of the source pixels and in double, as Pillow does. */
static double raw_weight(int pixel, double center, double inverse) {
    double distance = fabs((pixel - center + 0.5) * inverse);
    return distance < 1.0 ? 1.0 - distance : 0.0;
}

static void fill_weights(window range, double center, double inverse, int32_t *weights) {
    double sum = 0.0;
    for (int i = 0; i < range.count; i++)
        sum += raw_weight(range.first + i, center, inverse);
    for (int i = 0; i < range.count; i++) {
        double weight = raw_weight(range.first + i, center, inverse);
        if (sum != 0.0)
            weight /= sum;
        weights[i] = (int32_t)(0.5 + weight * (1 << FRACTION));
    }
}

static dn_status axis_create(axis *along, int source_size, int size, dn_error *error) {
    void *windows, *weights;
    double scale = (double)source_size / size;
    double reach = scale < 1.0 ? 1.0 : scale;
    *along = (axis){.size = size, .stride = (int)ceil(reach) * 2 + 1};
    DN_TRY(dn_allocate(&windows, (size_t)size, sizeof(window), error));
    along->windows = windows;
    DN_TRY(dn_allocate(&weights, (size_t)size * (size_t)along->stride, sizeof(int32_t), error));
    along->weights = weights;
    for (int i = 0; i < size; i++) {
        double center = (i + 0.5) * scale;
        int first = (int)(center - reach + 0.5), end = (int)(center + reach + 0.5);
        first = first < 0 ? 0 : first;
        end = end > source_size ? source_size : end;
        along->windows[i] = (window){first, end - first};
        fill_weights(along->windows[i], center, 1.0 / reach,
                     along->weights + (size_t)i * (size_t)along->stride);
    }
    return DN_OK;
}

static uint8_t round_to_byte(int32_t sum) {
    int32_t value = sum >> FRACTION;
    return value > 255 ? 255 : (uint8_t)value;
}

static void resize_row(const axis *along, const uint8_t *source, uint8_t *resized) {
    for (int x = 0; x < along->size; x++, resized += 3) {
        const int32_t *weight = along->weights + (size_t)x * (size_t)along->stride;
        const uint8_t *pixel = source + 3 * (size_t)along->windows[x].first;
        int32_t red = HALF, green = HALF, blue = HALF;
        for (int i = 0; i < along->windows[x].count; i++, pixel += 3) {
            red += weight[i] * pixel[0];
            green += weight[i] * pixel[1];
            blue += weight[i] * pixel[2];
        }
        resized[0] = round_to_byte(red);
        resized[1] = round_to_byte(green);
        resized[2] = round_to_byte(blue);
    }
}

/* One output row of `count` bytes from source rows `count` bytes apart; sums has `count` items. */
static void mix_rows(const uint8_t *source, window range, const int32_t *weights, size_t count,
                     int32_t *restrict sums, uint8_t *restrict resized) {
    for (size_t i = 0; i < count; i++)
        sums[i] = HALF;
    for (int row = 0; row < range.count; row++) {
        const uint8_t *pixels = source + (size_t)(range.first + row) * count;
        int32_t weight = weights[row];
        for (size_t i = 0; i < count; i++)
            sums[i] += weight * pixels[i];
    }
    for (size_t i = 0; i < count; i++)
        resized[i] = round_to_byte(sums[i]);
}

static dn_status resize_columns(const dn_image *source, dn_image *resized, dn_error *error) {
    axis along;
    void *sums = NULL;
    size_t count = (size_t)source->width * 3;
    dn_status status = axis_create(&along, source->height, resized->height, error);
    if (status == DN_OK)
        status = dn_allocate(&sums, count, sizeof(int32_t), error);
    for (int y = 0; status == DN_OK && y < resized->height; y++)
        mix_rows(source->pixels, along.windows[y], along.weights + (size_t)y * (size_t)along.stride,
                 count, sums, resized->pixels + (size_t)y * count);
    dn_release(sums);
    axis_destroy(&along);
    return status;
}

static dn_status resize_rows(const dn_image *source, dn_image *resized, dn_error *error) {
    axis along;
    dn_status status = axis_create(&along, source->width, resized->width, error);
    for (size_t y = 0; status == DN_OK && y < (size_t)source->height; y++)
        resize_row(&along, source->pixels + y * (size_t)source->width * 3,
                   resized->pixels + y * (size_t)resized->width * 3);
    axis_destroy(&along);
    return status;
}

typedef dn_status resize_pass(const dn_image *source, dn_image *resized, dn_error *error);

static dn_status run_pass(resize_pass *pass, const dn_image *source, int width, int height,
                          dn_image *resized, dn_error *error) {
    DN_TRY(dn_image_create(width, height, resized, error));
    dn_status status = pass(source, resized, error);
    if (status != DN_OK)
        dn_image_free(resized);
    return status;
}

dn_status dn_image_resize(const dn_image *source, int width, int height, dn_image *resized,
                          dn_error *error) {
    *resized = (dn_image){0};
    if (width == source->width && height == source->height)
        return dn_image_from_pixels(source->pixels, DN_PIXELS_RGB, width, height, (size_t)width * 3,
                                    resized, error);
    if (height == source->height)
        return run_pass(resize_rows, source, width, height, resized, error);
    if (width == source->width)
        return run_pass(resize_columns, source, width, height, resized, error);
    dn_image between;
    int columns_first = width > source->width && height < source->height;
    if (columns_first)
        DN_TRY(run_pass(resize_columns, source, source->width, height, &between, error));
    else
        DN_TRY(run_pass(resize_rows, source, width, source->height, &between, error));
    dn_status status = run_pass(columns_first ? resize_rows : resize_columns, &between, width,
                                height, resized, error);
    dn_image_free(&between);
    return status;
}
