#include "image/formats/decode.h"

#include "image/formats/kind.h"
#include "image/levels.h"

#include <stdio.h>
#include <string.h>

static int starts_with(const dn_bytes *file, size_t offset, const char *magic, size_t length) {
    return file->size >= offset + length && memcmp(file->data + offset, magic, length) == 0;
}

static int is_bmp(const dn_bytes *file) {
    return starts_with(file, 0, "BM", 2);
}

static int is_jpeg(const dn_bytes *file) {
    return starts_with(file, 0, "\xff\xd8\xff", 3);
}

static int is_png(const dn_bytes *file) {
    return starts_with(file, 0, "\x89PNG\r\n\x1a\n", 8);
}

/* P1 to P6, then white space: any text may begin with "P5". */
static int is_pnm(const dn_bytes *file) {
    static const char ends[] = {' ', '\t', '\n', '\v', '\f', '\r', '#'};
    return file->size > 2 && file->data[0] == 'P' && file->data[1] >= '1' && file->data[1] <= '6' &&
           memchr(ends, file->data[2], sizeof ends) != NULL;
}

/* Classic and BigTIFF, in both byte orders. */
static int is_tiff(const dn_bytes *file) {
    return starts_with(file, 0, "II*\0", 4) || starts_with(file, 0, "MM\0*", 4) ||
           starts_with(file, 0, "II+\0", 4) || starts_with(file, 0, "MM\0+", 4);
}

static int is_webp(const dn_bytes *file) {
    return starts_with(file, 0, "RIFF", 4) && starts_with(file, 8, "WEBP", 4);
}

enum { LONGEST_MAGIC = 16 };

typedef struct decoder {
    int (*recognises)(const dn_bytes *file);
    dn_status (*decode)(dn_bytes file, dn_raster *raster, dn_error *error);
    void (*look)(dn_bytes file, dn_image_kind *kind);
    const char *format;
    int in_pieces; /* the file need not be in memory as a whole */
} decoder;

static const decoder decoders[] = {
    {is_png, dn_decode_png, dn_kind_png, "PNG", 1},
    {is_jpeg, dn_decode_jpeg, dn_kind_jpeg, "JPEG", 0},
    {is_bmp, dn_decode_bmp, dn_kind_bmp, "BMP", 1},
    {is_pnm, dn_decode_pnm, dn_kind_pnm, "PNM", 1},
    {is_tiff, dn_decode_tiff, dn_kind_tiff, "TIFF", 1},
    {is_webp, dn_decode_webp, dn_kind_webp, "WebP", 0},
};

/* NULL where no format is recognised. */
static const decoder *find_decoder(const dn_bytes *file) {
    for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++)
        if (decoders[i].recognises(file))
            return &decoders[i];
    return NULL;
}

/* ---- Formats that are known and not read ---------------------------------------------------- */

typedef struct other_format {
    const char *name;
    size_t offset;
    const char *magic;
    size_t length;
} other_format;

static const other_format others[] = {
    {"a GIF", 0, "GIF8", 4},
    {"a JPEG 2000", 0, "\0\0\0\fjP  \r\n\x87\n", 12},
    {"a JPEG 2000", 0, "\xff\x4f\xff\x51", 4},
    {"an AVIF", 4, "ftypavif", 8},
    {"an AVIF", 4, "ftypavis", 8},
    {"a HEIC", 4, "ftyphei", 7},
    {"a HEIC", 4, "ftyphev", 7},
    {"a HEIC or AVIF", 4, "ftypmif1", 8},
    {"a HEIC or AVIF", 4, "ftypmsf1", 8},
    {"a JPEG XL", 0, "\0\0\0\fJXL \r\n\x87\n", 12},
    {"a JPEG XL", 0, "\xff\x0a", 2},
    {"a JPEG XR", 0, "II\xbc", 3},
    {"a Photoshop file", 0, "8BPS", 4},
    {"a PDF", 0, "%PDF", 4},
};

static const other_format *find_other(const dn_bytes *file) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (starts_with(file, others[i].offset, others[i].magic, others[i].length))
            return &others[i];
    return NULL;
}

static dn_status fail_unrecognised(const dn_bytes *file, dn_error *error) {
    char found[3 * 12 + 1] = "";
    size_t count = file->size < 12 ? file->size : 12;
    const other_format *other = find_other(file);
    if (other)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is %s, which is not read: save it as JPEG, PNG, PNM, BMP, TIFF or WebP",
                       file->name, other->name);
    if (file->size == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is not an image: the file is empty",
                       file->name);
    for (size_t i = 0; i < count; i++)
        snprintf(found + 3 * i, sizeof found - 3 * i, " %02X", file->data[i]);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is not an image: expected JPEG, PNG, PNM, BMP, TIFF or WebP, found bytes%s",
                   file->name, found);
}

/* ---- Decoding ------------------------------------------------------------------------------- */

dn_status dn_raster_decode(const void *bytes, size_t size, const char *name, dn_raster *raster,
                           dn_error *error) {
    dn_bytes file = {bytes, size, 0, name, NULL};
    *raster = (dn_raster){0};
    if (size > DN_IMAGE_MAX_FILE)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has %zu bytes, the limit is %zu", name, size,
                       DN_IMAGE_MAX_FILE);
    const decoder *found = find_decoder(&file);
    if (!found)
        return fail_unrecognised(&file, error);
    dn_status status = found->decode(file, raster, error);
    if (status != DN_OK)
        dn_raster_free(raster);
    return status;
}

dn_status dn_raster_decode_pieces(dn_pieces *pieces, dn_raster *raster, int *done,
                                  dn_error *error) {
    dn_bytes start = {.size = pieces->size < LONGEST_MAGIC ? pieces->size : LONGEST_MAGIC};
    DN_TRY(dn_pieces_take(pieces, 0, start.size, &start.data, error));
    const decoder *found = find_decoder(&start);
    *raster = (dn_raster){0};
    *done = found && found->in_pieces;
    if (!*done)
        return DN_OK;
    const dn_bytes file = {.size = pieces->size, .name = pieces->path, .pieces = pieces};
    dn_status status = found->decode(file, raster, error);
    if (status != DN_OK)
        dn_raster_free(raster);
    return status;
}

dn_status dn_image_decode(const void *bytes, size_t size, const char *name, const dn_levels *levels,
                          dn_image *image, dn_error *error) {
    dn_raster raster;
    *image = (dn_image){0};
    DN_TRY(dn_raster_decode(bytes, size, name, &raster, error));
    return dn_levels_apply(levels, name, &raster, image, error);
}

dn_image_kind dn_image_kind_of(const void *bytes, size_t size) {
    dn_bytes file = {bytes, size, 0, "", NULL};
    dn_image_kind kind = {.format = "", .mode = ""};
    const decoder *found = find_decoder(&file);
    if (found) {
        kind.format = found->format;
        found->look(file, &kind);
    }
    return kind;
}
