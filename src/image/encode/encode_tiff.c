#include "base/memory.h"
#include "image/encode/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

/* A file in memory, for libtiff's callbacks. libtiff seeks back to complete the header. */
typedef struct tiff_output {
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
    if (dn_grow(&self->bytes, &self->capacity, end, 1, NULL) != DN_OK)
        return 0;
    memcpy((uint8_t *)self->bytes + self->position, data, (size_t)size);
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

static int write_values(TIFF *tiff, const float *values, int width, int height) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, (uint32_t)height);
    float *row = _TIFFmalloc((tmsize_t)width * (tmsize_t)sizeof(float));
    int done = row != NULL;
    for (int y = 0; done && y < height; y++) {
        /* A copy, because libtiff may swap bytes in place. */
        memcpy(row, values + (size_t)y * (size_t)width, (size_t)width * sizeof *row);
        done = TIFFWriteScanline(tiff, row, (uint32_t)y, 0) >= 0;
    }
    _TIFFfree(row);
    return done && TIFFWriteDirectory(tiff);
}

dn_status dn_encode_float_tiff(const float *values, int width, int height, uint8_t **bytes,
                               size_t *size, dn_error *error) {
    tiff_output output = {0};
    TIFF *tiff = open_tiff(&output);
    int written = tiff && write_values(tiff, values, width, height);
    if (tiff)
        TIFFClose(tiff);
    *bytes = written ? output.bytes : NULL;
    *size = written ? output.size : 0;
    if (written)
        return DN_OK;
    dn_release(output.bytes);
    return dn_fail(error, DN_ERROR_MEMORY,
                   "out of memory while writing a TIFF of %d x %d values: %s", width, height,
                   output.message);
}
