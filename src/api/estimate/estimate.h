/* What a training will take, estimated before it starts: its footprint (train/footprint.h) against
 * what the machine has, and its time from a short measurement. */
#ifndef DN_API_ESTIMATE_H
#define DN_API_ESTIMATE_H

#include "backbone/weights.h"
#include "dataset/dataset.h"
#include "report/estimate.h"
#include "train/footprint.h"

/* Seconds on this machine. */
typedef struct dn_machine_speed {
    double pass;   /* of one view: rotate, normalise, backbone */
    double step;   /* of one step with the rows that were measured */
    double vector; /* of one vector through the flow */
} dn_machine_speed;

/* Measures for about a second with the configuration's network: one batch of views, and one layer
 * of the flow, from which the others are scaled. */
dn_status dn_speed_measure(const dn_config *config, const dn_compute *compute,
                           const dn_backbone_weights *backbone, int rows, dn_machine_speed *speed,
                           dn_error *error);

/* `speed` NULL: no time. A training without images is not known. */
void dn_estimate_fill(const dn_config *config, const dn_network *network, const dn_compute *compute,
                      const dn_workload *work, const dn_machine_speed *speed,
                      dn_report_estimate *estimate);

/* Estimates a training on the data set, tells the observer, and warns about what is lacking.
 * DN_ERROR_MEMORY or DN_ERROR_IO if the training cannot finish: it needs more memory than there can
 * ever be, or the model does not fit on the disk. */
dn_status dn_estimate_training(const dn_config *config, const dn_compute *compute,
                               const dn_backbone_weights *backbone, const dn_dataset *dataset,
                               size_t train, const dn_observer *observer, dn_error *error);

#endif
