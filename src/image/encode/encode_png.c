#include "base/memory.h"
#include "image/encode/encode.h"

#include <png.h>
#include <string.h>

/* `room` has *size bytes, enough for any content; *size becomes the size of the file. */
static dn_status encode_into(png_image *writer, const dn_image *image, void *room, size_t *size,
                             dn_error *error) {
    png_alloc_size_t written = *size;
    if (!png_image_write_to_memory(writer, room, &written, 0, image->pixels, 0, NULL))
        return dn_fail(error, DN_ERROR_MEMORY,
                       "out of memory while writing a PNG of %d x %d pixels: %s", image->width,
                       image->height, writer->message);
    *size = written;
    return DN_OK;
}

dn_status dn_image_encode_png(const dn_image *image, uint8_t **bytes, size_t *size,
                              dn_error *error) {
    png_image writer = {.version = PNG_IMAGE_VERSION,
                        .width = (png_uint_32)image->width,
                        .height = (png_uint_32)image->height,
                        .format = PNG_FORMAT_RGB};
    float *room; /* not zeroed, so that unused pages take no memory */
    void *block = NULL;
    *bytes = NULL;
    *size = PNG_IMAGE_PNG_SIZE_MAX(writer);
    DN_TRY(dn_allocate_floats(&room, *size / sizeof *room + 1, error));
    dn_status status = encode_into(&writer, image, room, size, error);
    if (status == DN_OK)
        status = dn_allocate(&block, *size, 1, error);
    if (status == DN_OK)
        *bytes = memcpy(block, room, *size);
    dn_release(room);
    return status;
}
