#include "image/image.h"

#include "base/file.h"
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
    *image = (dn_image){width, height, pixels};
    return DN_OK;
}

void dn_image_free(dn_image *image) {
    dn_release(image->pixels);
    *image = (dn_image){0};
}

dn_status dn_image_read(const char *path, dn_image *image, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    *image = (dn_image){0};
    DN_TRY(dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    dn_status status = dn_image_decode(bytes, size, path, image, error);
    dn_release(bytes);
    return status;
}

dn_status dn_image_from_rgb(const uint8_t *rgb, int width, int height, size_t stride,
                            dn_image *image, dn_error *error) {
    DN_TRY(dn_image_create(width, height, image, error));
    size_t row_size = (size_t)width * 3;
    if (stride < row_size) {
        dn_image_free(image);
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "rows of %d RGB pixels take %zu bytes, the stride is %zu", width, row_size,
                       stride);
    }
    for (int y = 0; y < height; y++)
        memcpy(image->pixels + (size_t)y * row_size, rgb + (size_t)y * stride, row_size);
    return DN_OK;
}
