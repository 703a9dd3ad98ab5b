#include "base/file.h"
#include "base/memory.h"
#include "image/encode/encode.h"
#include "image/encode/write.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

enum { STRIP_BYTES = 1 << 20 };

/* Where libtiff's callbacks write: to a file, or into memory. libtiff seeks back to complete the
 * header. */
typedef struct tiff_output {
    FILE *stream; /* NULL: memory */
    void *bytes;
    size_t capacity, size, position;
    char message[256];
} tiff_output;

static tmsize_t read_nothing(thandle_t handle, void *data, tmsize_t size) {
    (void)handle, (void)data, (void)size;
    return 0;
}

static tmsize_t write_bytes(thandle_t handle, void *data, tmsize_t size) {
    tiff_output *self = handle;
    size_t end = self->position + (size_t)size;
    if (self->stream && fwrite(data, 1, (size_t)size, self->stream) != (size_t)size)
        return 0;
    if (!self->stream) {
        if (dn_grow(&self->bytes, &self->capacity, end, 1, NULL) != DN_OK)
            return 0;
        memcpy((uint8_t *)self->bytes + self->position, data, (size_t)size);
    }
    self->position = end;
    self->size = end > self->size ? end : self->size;
    return size;
}

static toff_t seek_to(thandle_t handle, toff_t offset, int origin) {
    tiff_output *self = handle;
    if (origin == SEEK_CUR)
        offset += self->position;
    else if (origin == SEEK_END)
        offset += self->size;
    if (self->stream && fseeko(self->stream, (off_t)offset, SEEK_SET) != 0)
        return (toff_t)-1;
    return self->position = (size_t)offset;
}

static toff_t size_of(thandle_t handle) {
    return ((tiff_output *)handle)->size;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

/* Keeps libtiff's message instead of printing it. */
static int on_tiff_message(TIFF *tiff, void *user, const char *module, const char *format,
                           va_list list) {
    tiff_output *self = user;
    (void)tiff, (void)module;
    vsnprintf(self->message, sizeof self->message, format, list);
    return 1;
}

static TIFF *open_tiff(tiff_output *output) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_tiff_message, output);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_tiff_message, output);
    TIFF *tiff = TIFFClientOpenExt("memory", "wm", output, read_nothing, write_bytes, seek_to,
                                   close_nothing, size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* Strips of about 1 MiB, deflated: libtiff holds one of them. The predictor takes differences of
 * the bytes of floats, as maps change slowly. */
static void set_fields(TIFF *tiff, const dn_float_rows *rows) {
    size_t row_bytes = (size_t)rows->width * sizeof(float);
    size_t strip = STRIP_BYTES / row_bytes > 0 ? STRIP_BYTES / row_bytes : 1;
    uint32_t strip_rows = (uint32_t)(strip < (size_t)rows->height ? strip : (size_t)rows->height);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)rows->width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)rows->height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_FLOATINGPOINT);
    TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, 1);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, strip_rows);
}

static int write_values(TIFF *tiff, const dn_float_rows *rows) {
    set_fields(tiff, rows);
    float *row = _TIFFmalloc((tmsize_t)rows->width * (tmsize_t)sizeof(float));
    int done = row != NULL;
    for (int y = 0; done && y < rows->height; y++) {
        rows->fill(rows->user, y, row); /* libtiff may change it in place */
        done = TIFFWriteScanline(tiff, row, (uint32_t)y, 0) >= 0;
    }
    _TIFFfree(row);
    return done && TIFFWriteDirectory(tiff);
}

static int write_tiff(tiff_output *output, const dn_float_rows *rows) {
    TIFF *tiff = open_tiff(output);
    int written = tiff && write_values(tiff, rows);
    if (tiff)
        TIFFClose(tiff);
    return written;
}

dn_status dn_encode_float_tiff(const dn_float_rows *rows, uint8_t **bytes, size_t *size,
                               dn_error *error) {
    tiff_output output = {0};
    int written = write_tiff(&output, rows);
    *bytes = written ? output.bytes : NULL;
    *size = written ? output.size : 0;
    if (written)
        return DN_OK;
    dn_release(output.bytes);
    return dn_fail(error, DN_ERROR_MEMORY,
                   "out of memory while writing a TIFF of %d x %d values: %s", rows->width,
                   rows->height, output.message);
}

/* A full disk is found by the commit, whose message names the cause. */
dn_status dn_write_float_tiff(const dn_float_rows *rows, const char *path, dn_error *error) {
    dn_output file;
    DN_TRY(dn_output_open(&file, path, error));
    tiff_output output = {.stream = file.stream};
    int written = write_tiff(&output, rows);
    if (written || ferror(file.stream))
        return dn_output_commit(&file, error);
    dn_output_discard(&file);
    return dn_fail(error, DN_ERROR_MEMORY, "%s: cannot write a TIFF of %d x %d values: %s", path,
                   rows->width, rows->height, output.message);
}
