/* How well maps tell defective pixels from good ones. */
#ifndef DN_METRICS_PIXELS_H
#define DN_METRICS_PIXELS_H

#include "base/error.h"

/* All pixels of a test set, exactly: 4 bytes for a good one, 8 for a defective one. */
typedef struct dn_pixels dn_pixels;

/* The limit, 2 GiB of pixels. */
#define DN_PIXELS_MOST ((size_t)1 << 29)

dn_status dn_pixels_create(dn_pixels **pixels, dn_error *error);
void dn_pixels_destroy(dn_pixels *pixels);

/* Adds map[height][width], values >= 0 and finite (DN_ERROR_NUMERIC), whose defective pixels are
 * those of the mask that are not 0 (NULL: there are none). Only pixels where `inside` is not 0
 * count (NULL: all). A defect is a part of the mask, as far as it counts, joined to its 8
 * neighbours. */
dn_status dn_pixels_add(dn_pixels *pixels, const float *map, const uint8_t *mask,
                        const uint8_t *inside, int width, int height, dn_error *error);

typedef struct dn_pixel_metrics {
    dn_statistic auroc;  /* sklearn.metrics.roc_auc_score over all pixels */
    dn_statistic aupro;  /* below */
    dn_statistic f1_max; /* largest F1 over all thresholds */
    double f1_max_threshold;
} dn_pixel_metrics;

/* AUPRO as MVTec AD defines it: the share of a defect's pixels at or above a threshold, averaged
 * over all defects of all images, against the share of all good pixels there; area up to a share of
 * 0.3, divided by 0.3. Undefined, with the reason, where either kind of pixel is missing. */
#define DN_AUPRO_LIMIT 0.3
dn_status dn_pixels_measure(dn_pixels *pixels, dn_pixel_metrics *metrics, dn_error *error);

#endif
