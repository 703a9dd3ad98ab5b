/* Memory and disk that a training needs, from its configuration and the number of its images: the
 * sum of what dn_trainer_create and later steps allocate, and of the files they write. */
#ifndef DN_TRAIN_FOOTPRINT_H
#define DN_TRAIN_FOOTPRINT_H

#include "backbone/network.h"
#include "config/config.h"

/* Number of images, by use. */
typedef struct dn_workload {
    size_t train;                      /* trained on */
    size_t observed;                   /* evaluated after every meta epoch */
    size_t tested;                     /* evaluated once, at the end, without the observed ones */
    uint64_t most_pixels, mean_pixels; /* of an image file: the largest, and the mean */
    int width, height;                 /* of a usual one; 0: unknown */
} dn_workload;

/* In bytes. */
typedef struct dn_footprint {
    uint64_t memory;     /* peak, resident */
    uint64_t checkpoint; /* of one; the old one stays until the new one is complete */
    uint64_t model;
    uint64_t results; /* the most that is in the results folder at one time */
    uint64_t cache;   /* of features */
} dn_footprint;

/* `compute` need not be open: threads, precision and products count. The configuration is one that
 * dn_config_check and dn_network_settings_check accept. */
dn_footprint dn_footprint_of(const dn_config *config, const dn_network *network,
                             const dn_compute *compute, const dn_workload *work);

/* Tiles of a usual picture; 1 without tiles. */
int dn_workload_tiles(const dn_config *config, const dn_workload *work);

/* Operations of the whole schedule, with trainings for held-out images: passes of one view through
 * the backbone, optimiser steps, and evaluated vectors (one for each rotation). */
typedef struct dn_operation_counts {
    double passes, steps, vectors;
    double places; /* views of these passes whose map of places is drawn, or that it learns from */
    double images; /* decoded and resized */
    double maps;   /* views with gradients back to the pixels */
} dn_operation_counts;

dn_operation_counts dn_count_operations(const dn_config *config, const dn_workload *work);

/* Vectors in a training step. */
int dn_step_rows(const dn_config *config, const dn_workload *work);

#endif
