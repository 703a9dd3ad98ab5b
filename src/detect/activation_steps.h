/* The quantisation steps of int8 activations. They are found once, on training images, and stored
 * in the model, so that int8 gives the same scores on every machine (docs/precision.md). A model
 * file holds them as JSON under "activation_steps": for each scale the steps after the first four
 * layers, [[s1, s2, s3, s4], ...]. */
#ifndef DN_DETECT_ACTIVATION_STEPS_H
#define DN_DETECT_ACTIVATION_STEPS_H

#include "backbone/weights.h"
#include "compute/compute.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "image/roi.h"

/* Number of views that are examined: of that many images, evenly chosen, or of fewer images several
 * times, each at another angle if the configuration rotates. */
#define DN_STEP_VIEWS 16

/* Sets weights->steps from images as the network sees them, computed in f32. Where this
 * configuration cannot use int8, the steps stay unknown and the result is DN_OK. */
dn_status dn_activation_steps_of(const dn_compute *compute, const dn_config *config,
                                 const dn_image *images, size_t count, dn_backbone_weights *weights,
                                 dn_error *error);

/* The same for image files; an unreadable one is a failure. */
dn_status dn_activation_steps_find(const dn_compute *compute, const dn_config *config,
                                   const dn_roi *roi, const dn_sample *samples, size_t count,
                                   dn_backbone_weights *weights, dn_error *error);

/* JSON, dn_text_free; and back. DN_ERROR_FORMAT names `name` and what is wrong. */
dn_status dn_activation_steps_to_json(const dn_backbone_steps *steps, const dn_network *network,
                                      int scales, char **json, dn_error *error);
dn_status dn_activation_steps_parse(const char *name, const char *json, const dn_network *network,
                                    int scales, dn_backbone_steps *steps, dn_error *error);

#endif
