/* The public handle: one detector, shared by all threads, and the inspectors that they take turns
 * with. */
#ifndef DN_INSPECT_MODEL_H
#define DN_INSPECT_MODEL_H

#include "detect/early_exit.h"
#include "detect/lookahead.h"
#include "inspect/pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct dn_model {
    dn_detector detector;
    dn_inspector_options options; /* its precision: asked for, or that of the training */
    dn_precision precision;       /* what the processor has of it */
    int concurrency, maps;        /* as in dn_model_options */
    dn_early_exit early_exit;     /* rotations 0: none */
    dn_inspector_pool pool;
    dn_lookahead ahead;   /* at the files that dn_model_expect named */
    atomic_int prepared;  /* the weights, for the inspectors' products: at the first score */
    pthread_mutex_t lock; /* guards preparing */
};

/* An inspector of one's own, ready to score, until it is released. It asks `cancel` (NULL: never
 * cancelled), the caller's, while it waits and while it computes. The first call reads all weights:
 * DN_ERROR_NUMERIC when one is no finite number. Thread-safe. */
dn_status dn_model_acquire(dn_model *model, const dn_cancel *cancel, dn_inspector **inspector,
                           dn_error *error);
void dn_model_release(dn_model *model, dn_inspector *inspector);

/* Sets what the options (NULL: none) ask of a model whose detector is open. DN_ERROR_ARGUMENT or
 * DN_ERROR_UNSUPPORTED on what cannot be done. */
dn_status dn_apply_options(dn_model *model, const dn_model_options *options, dn_error *error);

/* Chooses the thresholds that the options ask for, if they ask for any. */
dn_status dn_apply_threshold_options(const dn_model_options *options, dn_calibration *calibration,
                                     dn_error *error);

#endif
