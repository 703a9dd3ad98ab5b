#include "image/encode/write.h"

#include "base/file.h"
#include "base/memory.h"
#include "image/encode/encode.h"

/* Writes and frees an encoder's bytes; `encoded` is the encoder's status. */
static dn_status write_encoded(dn_status encoded, uint8_t *bytes, size_t size, const char *path,
                               dn_error *error) {
    dn_status status = encoded == DN_OK ? dn_file_write(path, bytes, size, error) : encoded;
    dn_release(bytes);
    return status;
}

dn_status dn_image_write_png(const dn_image *image, const char *path, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    dn_status status = dn_image_encode_png(image, &bytes, &size, error);
    return write_encoded(status, bytes, size, path, error);
}

dn_status dn_image_write_jpeg(const dn_image *image, int quality, const char *path,
                              dn_error *error) {
    uint8_t *bytes;
    size_t size;
    dn_status status = dn_image_encode_jpeg(image, quality, &bytes, &size, error);
    return write_encoded(status, bytes, size, path, error);
}
