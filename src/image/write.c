#include "image/write.h"

#include "base/file.h"

#include <png.h>
#include <stdarg.h>
#include <string.h>
#include <tiffio.h>

dn_status dn_image_write_png(const dn_image *image, const char *path, dn_error *error) {
    dn_output output;
    DN_TRY(dn_output_open(&output, path, error));
    png_image writer = {.version = PNG_IMAGE_VERSION,
                        .width = (png_uint_32)image->width,
                        .height = (png_uint_32)image->height,
                        .format = PNG_FORMAT_RGB};
    if (png_image_write_to_stdio(&writer, output.stream, 0, image->pixels, 0, NULL))
        return dn_output_commit(&output, error);
    dn_output_discard(&output);
    return dn_fail(error, DN_ERROR_IO, "%s: cannot write the PNG: %s", path, writer.message);
}

/* ---- libtiff on a stream ---- */

static tmsize_t read_nothing(thandle_t handle, void *data, tmsize_t size) {
    (void)handle, (void)data, (void)size;
    return 0;
}

static tmsize_t write_bytes(thandle_t handle, void *data, tmsize_t size) {
    return (tmsize_t)fwrite(data, 1, (size_t)size, handle);
}

static toff_t seek_to(thandle_t handle, toff_t offset, int origin) {
    return fseeko(handle, (off_t)offset, origin) ? (toff_t)-1 : (toff_t)ftello(handle);
}

static toff_t size_of(thandle_t handle) {
    off_t place = ftello(handle);
    toff_t size = seek_to(handle, 0, SEEK_END);
    seek_to(handle, (toff_t)place, SEEK_SET);
    return size;
}

static int leave_open(thandle_t handle) {
    (void)handle;
    return 0;
}

/* libtiff's message is kept, not printed. */
static int on_tiff_message(TIFF *tiff, void *user, const char *module, const char *format,
                           va_list list) {
    (void)tiff, (void)module;
    vsnprintf(user, 256, format, list);
    return 1;
}

static TIFF *open_tiff(FILE *stream, const char *path, char message[256]) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_tiff_message, message);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_tiff_message, message);
    TIFF *tiff = TIFFClientOpenExt(path, "wm", stream, read_nothing, write_bytes, seek_to,
                                   leave_open, size_of, NULL, NULL, options);
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

dn_status dn_write_float_tiff(const float *values, int width, int height, const char *path,
                              dn_error *error) {
    dn_output output;
    char message[256] = "";
    DN_TRY(dn_output_open(&output, path, error));
    TIFF *tiff = open_tiff(output.stream, path, message);
    int written = tiff && write_values(tiff, values, width, height);
    if (tiff)
        TIFFClose(tiff);
    if (written)
        return dn_output_commit(&output, error);
    dn_output_discard(&output);
    return dn_fail(error, DN_ERROR_IO, "%s: cannot write the TIFF: %s", path, message);
}
