/* The samples of a TIFF page, as libtiff hands them out, and what a picture is made of them. */
#ifndef DN_IMAGE_TIFF_SAMPLES_H
#define DN_IMAGE_TIFF_SAMPLES_H

#include "image/formats/raster.h"

#include <tiffio.h>

typedef struct dn_tiff_layout {
    uint32_t width, height, tile_width, tile_height;
    uint16_t bits, samples, photometric, compression, planar, orientation;
    uint16_t format;      /* SAMPLEFORMAT_UINT also for undefined ones */
    int associated_alpha; /* colours were multiplied by alpha, the sample after them */
    uint16_t *palette[3]; /* libtiff's */
    dn_sample_range declared;
} dn_tiff_layout;

/* Samples that make the colour, 0 for a kind of picture that is not read. */
int dn_tiff_colors(const dn_tiff_layout *layout);

/* Whether the picture is mapped by levels: grey or RGB of more than 8 bits, signed or floating
 * point. Else it becomes RGB bytes: CMYK and premultiplied colours of 16 bits by their high byte.
 */
int dn_tiff_is_deep(const dn_tiff_layout *layout);

/* Sets type, channels and ranges of a raster for this page; no memory. */
void dn_tiff_describe(const dn_tiff_layout *layout, dn_raster *raster);

/* Planes that are read one after the other: 1 where samples are interleaved. */
int dn_tiff_planes(const dn_tiff_layout *layout);

/* Rows on their way into a raster. */
typedef struct dn_tiff_rows {
    const dn_tiff_layout *layout;
    dn_raster *raster;
    uint8_t *stored; /* [height][width][planes]: samples of separate planes, of which a pixel needs
                        all; owned; NULL: a row has all that its pixels need */
} dn_tiff_rows;

dn_status dn_tiff_rows_begin(const dn_tiff_layout *layout, dn_raster *raster, dn_tiff_rows *rows,
                             dn_error *error);

/* `count` pixels of a plane from (x, y) on. */
void dn_tiff_rows_add(dn_tiff_rows *rows, int plane, const uint8_t *row, size_t x, size_t y,
                      size_t count);

/* Makes pixels of what was stored, and frees it. */
void dn_tiff_rows_end(dn_tiff_rows *rows);

#endif
