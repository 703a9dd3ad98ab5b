#include "image/image.h"

#include "base/memory.h"

#include <string.h>

dn_status dn_image_create(int width, int height, dn_image *image, dn_error *error) {
    void *pixels;
    *image = (dn_image){0};
    if (width < 1 || height < 1 || width > DN_IMAGE_MAX_SIDE || height > DN_IMAGE_MAX_SIDE ||
        (int64_t)width * height > DN_IMAGE_MAX_PIXELS)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "an image of %d x %d pixels: sides are 1 to %d, pixels at most %d in all",
                       width, height, DN_IMAGE_MAX_SIDE, DN_IMAGE_MAX_PIXELS);
    DN_TRY(dn_allocate(&pixels, (size_t)width * (size_t)height, 3, error));
    *image = (dn_image){.width = width, .height = height, .pixels = pixels};
    return DN_OK;
}

void dn_image_free(dn_image *image) {
    dn_release(image->pixels);
    *image = (dn_image){0};
}

static void copy_row(uint8_t *output, const uint8_t *input, dn_pixel_format format, int width) {
    if (format == DN_PIXELS_RGB) {
        memcpy(output, input, (size_t)width * 3);
        return;
    }
    for (int x = 0; x < width; x++, output += 3) {
        const uint8_t *pixel = input + (format == DN_PIXELS_GREY ? x : 3 * x);
        output[0] = format == DN_PIXELS_GREY ? pixel[0] : pixel[2];
        output[1] = format == DN_PIXELS_GREY ? pixel[0] : pixel[1];
        output[2] = pixel[0];
    }
}

dn_status dn_image_from_pixels(const uint8_t *pixels, dn_pixel_format format, int width, int height,
                               size_t stride, dn_image *image, dn_error *error) {
    *image = (dn_image){0};
    if (format != DN_PIXELS_RGB && format != DN_PIXELS_BGR && format != DN_PIXELS_GREY)
        return dn_fail(error, DN_ERROR_ARGUMENT, "pixel format %d is unknown", (int)format);
    size_t row_size = (size_t)(width > 0 ? width : 0) * (format == DN_PIXELS_GREY ? 1 : 3);
    if (stride < row_size)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "rows of %d pixels take %zu bytes, the stride is %zu", width, row_size,
                       stride);
    DN_TRY(dn_image_create(width, height, image, error));
    for (int y = 0; y < height; y++)
        copy_row(image->pixels + (size_t)y * (size_t)width * 3, pixels + (size_t)y * stride, format,
                 width);
    return DN_OK;
}
