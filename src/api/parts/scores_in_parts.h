/* The scores of an evaluation as items of parts, and back. */
#ifndef DN_API_SCORES_IN_PARTS_H
#define DN_API_SCORES_IN_PARTS_H

#include "parts/part.h"
#include "train/evaluation.h"

/* Adds an item for each sample of the part's share, after a run on that share. */
dn_status dn_scores_put(const dn_evaluation *evaluation, dn_part *part, dn_error *error);

/* Sets the results as a run would. DN_ERROR_DATA if the parts are of other samples. */
dn_status dn_scores_take(dn_evaluation *evaluation, const dn_parts *parts, dn_error *error);

#endif
