/* The public handle: one detector that all threads share, and a pool of inspectors. */
#ifndef DN_INSPECT_MODEL_H
#define DN_INSPECT_MODEL_H

#include "detect/early_exit.h"
#include "detect/features/lookahead.h"
#include "detect/precision.h"
#include "inspect/pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct dn_model {
    dn_detector detector;
    dn_inspector_options options; /* with the precision that was asked for */
    dn_precision precision;       /* that the processor really computes in */
    int concurrency, maps;        /* as in dn_model_options */
    int warns_of_unlike;          /* but does not send unlike pictures to REVIEW */
    dn_early_exit early_exit;     /* rotations 0: none */
    char warning[DN_ANGLES_TEXT + 8 + DN_PRECISION_DOUBT_TEXT]; /* of the options; "": none */
    dn_inspector_pool pool;
    dn_lookahead ahead;   /* reads the files that dn_model_expect named */
    atomic_int prepared;  /* 1 once dn_detector_prepare is done, at the first score */
    pthread_mutex_t lock; /* guards preparing */
};

/* Lends an inspector that is ready to score, until it is released. `cancel` (NULL: never; it stays
 * the caller's) is asked while the call waits for its turn and while the inspector computes. The
 * first call reads all weights: DN_ERROR_NUMERIC when one is not finite. Thread-safe. */
dn_status dn_model_acquire(dn_model *model, const dn_cancel *cancel, dn_inspector **inspector,
                           dn_error *error);
void dn_model_release(dn_model *model, dn_inspector *inspector);

/* Applies the options (NULL: the defaults) to a model whose detector is open. DN_ERROR_ARGUMENT and
 * DN_ERROR_UNSUPPORTED name an option that cannot be met. */
dn_status dn_apply_options(dn_model *model, const dn_model_options *options, dn_error *error);

/* Chooses the thresholds that the options ask for; without any the calibration stays as it is. */
dn_status dn_apply_threshold_options(const dn_model_options *options, dn_calibration *calibration,
                                     dn_error *error);

#endif
