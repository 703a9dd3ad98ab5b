/* The scores of an evaluation that the processes of a group share. */
#ifndef DN_TRAIN_EVALUATION_GATHER_H
#define DN_TRAIN_EVALUATION_GATHER_H

#include "group/group.h"
#include "train/evaluation.h"

/* The group of the inspector's configuration; NULL: one process. */
dn_group *dn_evaluation_group(const dn_evaluation *evaluation);

/* Every process has the results of its share, or has failed (`own`); afterwards every process has
 * all results. Does nothing for one process. */
dn_status dn_evaluation_gather(dn_evaluation *evaluation, dn_status own,
                               const dn_observer *observer, dn_error *error);

#endif
