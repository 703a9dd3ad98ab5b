/* The public handle: one detector, shared by all threads, and the engines that are idle. */
#ifndef DN_API_MODEL_H
#define DN_API_MODEL_H

#include "api/engine.h"
#include "detect/early_exit.h"
#include "detect/lookahead.h"

#include <pthread.h>
#include <stdatomic.h>

struct dn_model {
    dn_detector detector;
    char compute[16];
    dn_precision wanted, real; /* asked for or trained in; what the processor has of it */
    int threads, rotations, maps;
    dn_early_exit early_exit; /* rotations 0: none */
    atomic_int prepared;      /* the weights, for the engines' products: at the first score */
    pthread_mutex_t lock;     /* guards `idle` and preparing */
    dn_engine *idle;
    dn_lookahead ahead; /* at the files that dn_model_expect named */
};

/* The image of a source; DN_ERROR_ARGUMENT where it is none. */
dn_status dn_source_load(const dn_image_source *source, const dn_levels *levels, dn_image *image,
                         dn_error *error);

/* An engine of one's own until it is given back; made when none is idle. The first call reads all
 * weights: DN_ERROR_NUMERIC when one is no finite number. */
dn_status dn_model_borrow(dn_model *model, dn_engine **engine, dn_error *error);
void dn_model_give_back(dn_model *model, dn_engine *engine);

/* Sets what the options (NULL: none) ask of a model whose detector is open. DN_ERROR_ARGUMENT or
 * DN_ERROR_UNSUPPORTED on what cannot be done. */
dn_status dn_apply_options(dn_model *model, const dn_model_options *options, dn_error *error);

/* Chooses the thresholds that the options ask for, if they ask for any. */
dn_status dn_apply_threshold_options(const dn_model_options *options, dn_calibration *calibration,
                                     dn_error *error);

#endif
