/*
 * What is usual at each tile of good pictures (docs/tiles.md). A tile's value u becomes
 *
 *     v = exp(M + S (log u - m) / s)
 *
 * with m and s the median and the spread of log u at the tile's position on good pictures that
 * training has not seen, M and S those of all positions, so that v has the unit of u and means the
 * same everywhere. s is drawn towards S where there are few pictures. Only for pictures of one
 * size; in any other picture v = u.
 */
#ifndef DN_DETECT_TILES_STANDARD_H
#define DN_DETECT_TILES_STANDARD_H

#include "tensors/tensor_file.h"

enum { DN_TILE_TENSORS = 2 };

/* Below this, no position is told from another. */
#define DN_TILE_LEAST_PICTURES 5

typedef struct dn_tile_standard {
    int width, height; /* of the pictures */
    int pictures;
    int count;     /* positions; 0: there is no standard */
    float *values; /* [count + 1][2]: M, S; then m, s of each; owned */
    float extents[3];
} dn_tile_standard;

void dn_tile_standard_free(dn_tile_standard *standard);

/* v of tile `position` of `count` of a picture of that size. */
double dn_tile_standardize(const dn_tile_standard *standard, int width, int height, int count,
                           int position, double value);

/* ---- from good pictures ---- */

/* The tiles' values of good pictures. */
typedef struct dn_tile_fit {
    int width, height, count;
    int is_mixed; /* the pictures have several sizes */
    size_t pictures, capacity;
    double *logs; /* [pictures][count]; owned */
} dn_tile_fit;

dn_status dn_tile_fit_add(dn_tile_fit *fit, int width, int height, const double *values, int count,
                          dn_error *error);
void dn_tile_fit_free(dn_tile_fit *fit);

/* The standard of all pictures but number `left_out` (SIZE_MAX: none); none where they are too few
 * or of several sizes. Replaces *standard. */
dn_status dn_tile_fit_finish(const dn_tile_fit *fit, size_t left_out, dn_tile_standard *standard,
                             dn_error *error);

/* ---- in a model file ---- */

/* tiles.standard F32 [count + 1, 2]; tiles.pictures F32 [3]: width, height, number. */
dn_status dn_tile_standard_load(const dn_tensor_file *file, const char *path,
                                dn_tile_standard *standard, dn_error *error);

/* The tensors for a file; 0 where there is no standard. They point into it. */
size_t dn_tile_standard_tensors(const dn_tile_standard *standard,
                                dn_tensor tensors[DN_TILE_TENSORS]);

#endif
