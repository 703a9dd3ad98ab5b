/* Image files on disk: read whole, or looked into. */
#include "base/file.h"
#include "base/memory.h"
#include "image/formats/kind.h"
#include "image/levels.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What is read of a file to look into it. */
enum { START = 4096 };

/* Smaller files are read at once, which is faster where there are many. */
static const size_t LARGE_FILE = 16 << 20;

static dn_status decode_whole(const char *path, dn_raster *raster, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    DN_TRY(dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    dn_status status = dn_raster_decode(bytes, size, path, raster, error);
    dn_release(bytes);
    return status;
}

dn_status dn_raster_read(const char *path, dn_raster *raster, dn_error *error) {
    dn_pieces pieces;
    int done = 0;
    *raster = (dn_raster){0};
    DN_TRY(dn_pieces_open(path, &pieces, error));
    dn_status status = DN_OK;
    if (pieces.size > LARGE_FILE && pieces.size <= DN_IMAGE_MAX_FILE)
        status = dn_raster_decode_pieces(&pieces, raster, &done, error);
    dn_pieces_close(&pieces);
    return status != DN_OK || done ? status : decode_whole(path, raster, error);
}

dn_status dn_image_read(const char *path, const dn_levels *levels, dn_image *image,
                        dn_error *error) {
    dn_raster raster;
    *image = (dn_image){0};
    DN_TRY(dn_raster_read(path, &raster, error));
    return dn_levels_apply(levels, path, &raster, image, error);
}

/* Up to `size` bytes from the start; 0 where the file cannot be read. */
static size_t read_start(const char *path, uint8_t *start, size_t size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return 0;
    ssize_t taken = read(descriptor, start, size);
    close(descriptor);
    return taken > 0 ? (size_t)taken : 0;
}

uint64_t dn_file_decoded_bytes(const char *path) {
    uint8_t start[START];
    dn_image_kind kind = dn_image_kind_of(start, read_start(path, start, sizeof start));
    int is_known = kind.width > 0 && kind.height > 0 && kind.bits > 0 && !kind.is_deep;
    return is_known ? (uint64_t)kind.width * kind.height * 3 : UINT64_MAX;
}

int dn_file_may_be_deep(const char *path) {
    uint8_t start[START], *bytes;
    size_t size = read_start(path, start, sizeof start);
    dn_image_kind kind = dn_image_kind_of(start, size);
    int is_certain = strcmp(kind.format, "TIFF") != 0 && (kind.bits > 0 || size < sizeof start);
    if (kind.format[0] == '\0' || is_certain)
        return kind.is_deep;
    if (dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, NULL) != DN_OK)
        return 0;
    kind = dn_image_kind_of(bytes, size);
    dn_release(bytes);
    return kind.is_deep;
}
