/* How well maps separate defective from good pixels. */
#ifndef DN_METRICS_PIXELS_H
#define DN_METRICS_PIXELS_H

#include "base/error.h"

/* All pixels of a test set: 4 bytes for a good one, 8 for a defective one. */
typedef struct dn_pixels dn_pixels;

/* The limit: 2 GiB. */
#define DN_PIXELS_MOST ((size_t)1 << 29)

dn_status dn_pixels_create(dn_pixels **pixels, dn_error *error);
void dn_pixels_destroy(dn_pixels *pixels);

/* Adds map[height][width] of finite values >= 0 (else DN_ERROR_NUMERIC). Pixels where the mask is
 * not 0 are defective (NULL: none). Only pixels where `inside` is not 0 count (NULL: all). A defect
 * is a set of connected mask pixels that count (8 neighbours). */
dn_status dn_pixels_add(dn_pixels *pixels, const float *map, const uint8_t *mask,
                        const uint8_t *inside, int width, int height, dn_error *error);

typedef struct dn_pixel_metrics {
    dn_statistic auroc;  /* sklearn.metrics.roc_auc_score over all pixels */
    dn_statistic aupro;  /* below */
    dn_statistic f1_max; /* largest F1 over all thresholds */
    double f1_max_threshold;
} dn_pixel_metrics;

/* AUPRO as MVTec AD defines it: the share of a defect's pixels at or above a threshold, averaged
 * over all defects of all images, over the share of good pixels at or above it; the area up to a
 * share of 0.3, divided by 0.3. Undefined, with the reason, if there are no defective or no good
 * pixels. */
#define DN_AUPRO_LIMIT 0.3
dn_status dn_pixels_measure(dn_pixels *pixels, dn_pixel_metrics *metrics, dn_error *error);

#endif
