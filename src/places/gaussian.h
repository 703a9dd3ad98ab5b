/*
 * A Gaussian for each place of good pictures (Defard et al., "PaDiM: a Patch Distribution Modeling
 * Framework for Anomaly Detection and Localization", 2021): how unlike good a place of a new
 * picture is, is its Mahalanobis distance to the same place of good ones,
 *
 *     d = |F (x - mu)|,   F = L^-1,  L L' = S + ridge I,  ridge = share * mean of S's diagonal
 *
 * with mu and S (over n - 1) of the n training pictures. Where a place hardly varies, the ridge is
 * at least a ten-thousandth of that of the mean place.
 */
#ifndef DN_PLACES_GAUSSIAN_H
#define DN_PLACES_GAUSSIAN_H

#include "places/grid.h"

/* Of a Gaussian at most. */
enum { DN_PLACE_MOST_CHANNELS = 2048 };

/* The length of a packed lower triangle of n rows: row r from r (r + 1) / 2 on. */
size_t dn_triangle(int n);

/* One Gaussian a place; points into a file or a fit. */
typedef struct dn_place_gaussians {
    int height, width, channels;
    int pictures;        /* that they are from */
    const float *mean;   /* [height][width][channels] */
    const float *factor; /* [height][width][triangle of channels]: F */
    /* [height][width]: of the logarithm of the smoothed distance of good pictures (heat.h) */
    const float *log_mean, *log_deviation;
} dn_place_gaussians;

/* Sums over pictures, from which the Gaussians follow. */
typedef struct dn_place_fit {
    size_t places;
    int channels, pictures;
    double *sum;     /* [places][channels]; all owned */
    double *product; /* [places][triangle]: of x x' */
} dn_place_fit;

dn_status dn_place_fit_create(size_t places, int channels, dn_place_fit *fit, dn_error *error);
void dn_place_fit_destroy(dn_place_fit *fit);

/* The bytes of a fit. */
size_t dn_place_fit_bytes(size_t places, int channels);

/* Adds a picture, values[places][channels]. Its sums do not depend on the number of threads. */
void dn_place_fit_add(dn_place_fit *fit, const float *values, int threads);

/* mean[places][channels] and factor[places][triangle] of at least two pictures (else
 * DN_ERROR_DATA). The sums are used up. */
dn_status dn_place_fit_finish(dn_place_fit *fit, double ridge, float *mean, float *factor,
                              int threads, dn_error *error);

/* distances[places] of values[places][channels]. `is_own`: the picture is one of those that the
 * Gaussians are from, and counts as if it had been left out (exactly, but for the ridge's share of
 * one picture). */
void dn_place_distances(const dn_place_gaussians *gaussians, float *distances, const float *values,
                        int is_own, int threads);

#endif
