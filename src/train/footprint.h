/* What a training will take of memory and disk, from its configuration and the number of its
 * images: the sums of what dn_trainer_create and those after it allocate, and of the files they
 * write. */
#ifndef DN_TRAIN_FOOTPRINT_H
#define DN_TRAIN_FOOTPRINT_H

#include "backbone/network.h"
#include "config/config.h"

/* Images, by what a training does with them. */
typedef struct dn_workload {
    size_t train;    /* trained on */
    size_t observed; /* evaluated after every meta epoch */
    size_t tested;   /* evaluated once, at the end; the observed ones are not counted again */
    uint64_t most_pixels, mean_pixels; /* of an image file: the largest, and on average */
} dn_workload;

/* In bytes. */
typedef struct dn_footprint {
    uint64_t memory;     /* peak, resident */
    uint64_t checkpoint; /* one; the old one stays until the new one is complete */
    uint64_t model;
    uint64_t results; /* most that lies in the results folder at once */
    uint64_t cache;   /* features */
} dn_footprint;

/* `compute` need not be open: threads, precision and products count. The configuration is one that
 * dn_config_check and dn_network_settings_check accept. */
dn_footprint dn_footprint_of(const dn_config *config, const dn_network *network,
                             const dn_compute *compute, const dn_workload *work);

/* Passes of one view through the backbone, optimiser steps, and evaluated vectors (one of each
 * rotation) of the whole schedule, held-out trainings included. */
typedef struct dn_operation_counts {
    double passes, steps, vectors;
    double images; /* decoded and resized */
    double maps;   /* views whose gradient goes back to the pixels */
} dn_operation_counts;

dn_operation_counts dn_count_operations(const dn_config *config, const dn_workload *work);

/* Vectors of a training step. */
int dn_step_rows(const dn_config *config, const dn_workload *work);

#endif
