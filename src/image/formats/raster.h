/* What an image file holds, before levels: RGB bytes, or deep samples as they stand in the file. */
#ifndef DN_IMAGE_RASTER_H
#define DN_IMAGE_RASTER_H

#include "base/pieces.h"

#include <stddef.h>

typedef enum dn_sample_type {
    DN_SAMPLES_RGB8, /* 3 bytes a pixel: no levels apply */
    DN_SAMPLES_U16,  /* whole numbers from 0 on */
    DN_SAMPLES_F32   /* signed numbers, floating point, and whole numbers of 32 bits */
} dn_sample_type;

/* Two sample values; not known where white <= black. */
typedef struct dn_sample_range {
    double black, white;
} dn_sample_range;

typedef struct dn_raster {
    int width, height;
    int channels; /* 1 or 3, interleaved */
    dn_sample_type type;
    int is_whole;             /* samples are whole numbers */
    int white_is_zero;        /* the picture is the negative of its samples */
    int bits;                 /* of a sample in the file */
    dn_sample_range whole;    /* what the file's sample type can hold; unknown for floating point */
    dn_sample_range declared; /* what the file says it uses, where it says so */
    void *samples;            /* [height][width][channels]; owned; dn_raster_free */
} dn_raster;

static inline int dn_range_is_known(dn_sample_range range) {
    return range.white > range.black;
}

/* Zeroed samples; sides and type must be set. DN_ERROR_MEMORY. */
dn_status dn_raster_allocate(dn_raster *raster, dn_error *error);
void dn_raster_free(dn_raster *raster);

/* Decodes an image file in memory; the same failures as dn_image_decode. Thread-safe. */
dn_status dn_raster_decode(const void *bytes, size_t size, const char *name, dn_raster *raster,
                           dn_error *error);

/* The same of a file of which a piece is in memory at a time, where its format allows it: *done. */
dn_status dn_raster_decode_pieces(dn_pieces *pieces, dn_raster *raster, int *done, dn_error *error);

/* The same of a file on disk. Of a large one no more is in memory than its format needs. */
dn_status dn_raster_read(const char *path, dn_raster *raster, dn_error *error);

/* Smallest and largest sample that is a finite number; 0 and 0 where there is none. */
void dn_raster_extremes(const dn_raster *raster, double *lowest, double *highest);

/* Adds the samples to histogram[bins], which spans `range` in equal bins: bins * (value - black) /
 * (white - black), values beyond in the first and last one. Samples that are no number are left
 * out. */
void dn_raster_count(const dn_raster *raster, dn_sample_range range, uint64_t *histogram,
                     size_t bins);

/* Share of the samples that lie below black or above white, or are no number: 0 to 1. */
double dn_raster_outside(const dn_raster *raster, dn_sample_range range);

#endif
