/* What a training will take, before it starts: its footprint (train/footprint.h) against what the
 * machine has, and the time from a short measurement. */
#ifndef DN_API_ESTIMATE_H
#define DN_API_ESTIMATE_H

#include "backbone/weights.h"
#include "dataset/dataset.h"
#include "report/estimate.h"
#include "train/footprint.h"

/* Seconds that this machine needs. */
typedef struct dn_machine_speed {
    double pass;   /* of one view: rotate, normalise, backbone */
    double step;   /* of one step of the rows it was measured with */
    double vector; /* of one vector through the flow */
} dn_machine_speed;

/* Measures with the configuration's network, for about a second: one batch of views, and one layer
 * of the flow, from which follow the others. */
dn_status dn_speed_measure(const dn_config *config, const dn_compute *compute,
                           const dn_backbone_weights *backbone, int rows, dn_machine_speed *speed,
                           dn_error *error);

/* `speed` NULL: no time. A training without images is not known. */
void dn_estimate_fill(const dn_config *config, const dn_network *network, const dn_compute *compute,
                      const dn_workload *work, const dn_machine_speed *speed,
                      dn_report_estimate *estimate);

/* Of the data set that is about to be trained on; tells the observer, and warns of what is lacking.
 * DN_ERROR_MEMORY and DN_ERROR_IO where the training cannot come to its end: more memory than can
 * ever be had, no room for the model. */
dn_status dn_estimate_training(const dn_config *config, const dn_compute *compute,
                               const dn_backbone_weights *backbone, const dn_dataset *dataset,
                               size_t train, const dn_observer *observer, dn_error *error);

#endif
