#include "image/roi.h"

#include "base/memory.h"

#include <string.h>

static uint8_t lightness_of(const uint8_t *pixel) {
    uint8_t most = pixel[0] > pixel[1] ? pixel[0] : pixel[1];
    return most > pixel[2] ? most : pixel[2];
}

static int half_of_brightest(const dn_image *mask) {
    uint8_t brightest = 0;
    for (size_t i = 0; i < (size_t)mask->width * (size_t)mask->height; i++) {
        uint8_t lightness = lightness_of(mask->pixels + 3 * i);
        brightest = lightness > brightest ? lightness : brightest;
    }
    return brightest / 2;
}

/* Places [*begin, *end) of `from` that place i of `to` covers, both spread over the same length. */
static void span(int i, int to, int from, int *begin, int *end) {
    *begin = (int)((int64_t)i * from / to);
    *end = (int)(((int64_t)(i + 1) * from + to - 1) / to);
}

static int is_inside(const dn_image *mask, int half, int x, int y, const dn_roi *roi) {
    int left, right, top, bottom;
    span(x, roi->width, mask->width, &left, &right);
    span(y, roi->height, mask->height, &top, &bottom);
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            size_t place = (size_t)row * (size_t)mask->width + (size_t)column;
            if (lightness_of(mask->pixels + 3 * place) <= half)
                return 0;
        }
    return 1;
}

static size_t pixels_of(const dn_roi *roi) {
    return (size_t)roi->width * (size_t)roi->height;
}

static dn_status allocate_roi(dn_roi *roi, int width, int height, dn_error *error) {
    void *block;
    *roi = (dn_roi){.width = width, .height = height};
    DN_TRY(dn_allocate(&block, pixels_of(roi), 1, error));
    roi->inside = block;
    return DN_OK;
}

dn_status dn_roi_of_mask(const dn_image *mask, int width, int height, dn_roi *roi,
                         dn_error *error) {
    int half = half_of_brightest(mask);
    DN_TRY(allocate_roi(roi, width, height, error));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            roi->inside[y * width + x] = (uint8_t)is_inside(mask, half, x, y, roi);
    dn_digest_bytes(roi->inside, pixels_of(roi), roi->digest);
    return DN_OK;
}

dn_status dn_roi_read(const char *path, int width, int height, dn_roi *roi, dn_error *error) {
    dn_image mask = {0};
    *roi = (dn_roi){0};
    DN_TRY(dn_image_read(path, NULL, &mask, error));
    dn_status status = dn_roi_of_mask(&mask, width, height, roi, error);
    dn_image_free(&mask);
    DN_TRY(status);
    if (dn_roi_share(roi) > 0)
        return DN_OK;
    dn_roi_free(roi);
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: a region of interest without a pixel of the %d x %d that the network sees; "
                   "expected a mask that is white where the picture counts",
                   path, width, height);
}

dn_status dn_roi_of_values(const uint8_t *values, const char *name, int width, int height,
                           dn_roi *roi, dn_error *error) {
    DN_TRY(allocate_roi(roi, width, height, error));
    for (size_t i = 0; i < pixels_of(roi); i++)
        roi->inside[i] = values[i] != 0;
    dn_digest_bytes(roi->inside, pixels_of(roi), roi->digest);
    if (dn_roi_share(roi) > 0)
        return DN_OK;
    dn_roi_free(roi);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: its region of interest is empty", name);
}

void dn_roi_free(dn_roi *roi) {
    dn_release(roi->inside);
    *roi = (dn_roi){0};
}

double dn_roi_share(const dn_roi *roi) {
    size_t count = 0;
    if (!dn_roi_limits(roi))
        return 1;
    for (size_t i = 0; i < pixels_of(roi); i++)
        count += roi->inside[i];
    return (double)count / (double)pixels_of(roi);
}

void dn_roi_paint_row(const dn_roi *roi, int y, int width, int height, uint8_t *pixel) {
    size_t row = (size_t)(2 * y + 1) * (size_t)roi->height / (2 * (size_t)height);
    const uint8_t *inside = roi->inside + row * (size_t)roi->width;
    for (int x = 0; x < width; x++, pixel += 3)
        if (!inside[(2 * x + 1) * roi->width / (2 * width)])
            memset(pixel, 0, 3);
}

void dn_roi_paint(const dn_roi *roi, dn_image *image) {
    if (!dn_roi_limits(roi))
        return;
    for (int y = 0; y < image->height; y++)
        dn_roi_paint_row(roi, y, image->width, image->height,
                         image->pixels + (size_t)y * (size_t)image->width * 3);
}

/* The place of `count` over a whole of `length` that holds the centre of pixel i of the `pixels`
 * that show [from, from + part). */
static size_t place_of(int i, int pixels, int from, int part, int length, int count) {
    uint64_t twice = 2 * (uint64_t)from * (uint64_t)pixels + (2 * (uint64_t)i + 1) * (uint64_t)part;
    uint64_t place = twice * (uint64_t)count / (2 * (uint64_t)pixels * (uint64_t)length);
    return place < (uint64_t)count ? (size_t)place : (size_t)count - 1;
}

void dn_roi_paint_part(const dn_roi *roi, int picture_width, int picture_height, int x, int y,
                       int width, int height, dn_image *image) {
    if (!dn_roi_limits(roi))
        return;
    for (int row = 0; row < image->height; row++) {
        size_t line = place_of(row, image->height, y, height, picture_height, roi->height);
        const uint8_t *inside = roi->inside + line * (size_t)roi->width;
        uint8_t *pixel = image->pixels + (size_t)row * (size_t)image->width * 3;
        for (int i = 0; i < image->width; i++, pixel += 3)
            if (!inside[place_of(i, image->width, x, width, picture_width, roi->width)])
                memset(pixel, 0, 3);
    }
}
