#include "inspect/source.h"

#include "image/formats/kind.h"

dn_status dn_image_look(const void *bytes, size_t size, const char **format, size_t *width,
                        size_t *height, dn_error *error) {
    const dn_image_kind kind = dn_image_kind_of(bytes, size);
    if (!*kind.format)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "is not an image: expected JPEG, PNG, PNM, BMP, TIFF or WebP");
    if (format)
        *format = kind.format;
    if (width)
        *width = kind.width;
    if (height)
        *height = kind.height;
    return DN_OK;
}

dn_status dn_source_load(const dn_image_source *source, const dn_levels *levels, dn_image *picture,
                         dn_error *error) {
    int given = (source->path != NULL) + (source->bytes != NULL) + (source->pixels != NULL);
    if (given != 1)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "an image source needs one of path, bytes and pixels; %d are given", given);
    if (source->path)
        return dn_image_read(source->path, levels, picture, error);
    if (source->bytes)
        return dn_image_decode(source->bytes, source->size,
                               source->name ? source->name : "image in memory", levels, picture,
                               error);
    return dn_image_from_pixels(source->pixels, source->format, source->width, source->height,
                                source->stride, picture, error);
}
