/* From the values of a picture's tiles to its score: each standardised by its position, then the
 * largest, or the mean of the largest ones. */
#ifndef DN_DETECT_TILES_SCORES_H
#define DN_DETECT_TILES_SCORES_H

#include "detect/tiles/standard.h"
#include "places/place_model.h"

/* Of one picture. */
typedef struct dn_tile_scores {
    int width, height; /* of the picture */
    int count;         /* tiles seen so far, in their order */
    int total;         /* tiles */
    size_t capacity;
    double *paper;  /* [total], all owned: the rotations' values, reduced */
    double *places; /* [total]: statistic of a detector for places; NaN: there is none */
    double *raw;    /* [total]: what decides, dn_place_decide */
    double *value;  /* [total]: raw, standardised */
} dn_tile_scores;

/* Makes room for the tiles of another picture; none is seen yet. */
dn_status dn_tile_scores_begin(dn_tile_scores *scores, int width, int height, int total,
                               dn_error *error);
void dn_tile_scores_free(dn_tile_scores *scores);

/* How tiles become a score. */
typedef struct dn_tile_reduction {
    int top; /* the mean of so many */
    const dn_place_model *places;
    const dn_tile_standard *standard; /* NULL: none */
} dn_tile_reduction;

/* The numbers of a picture. */
typedef struct dn_tile_summary {
    double raw, paper, places;
    int worst; /* the tile with the largest value */
} dn_tile_summary;

/* Fills raw and value of the tiles seen so far, and sums them up. */
dn_tile_summary dn_tile_scores_reduce(dn_tile_scores *scores, const dn_tile_reduction *reduction);

/* Tiles whose value is above. */
int dn_tile_scores_above(const dn_tile_scores *scores, double threshold);

/* The largest value, or the mean of the `top` largest of `count` > 0. */
double dn_tile_reduce(const double *values, int count, int top);

#endif
