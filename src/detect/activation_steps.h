/* The steps of int8's activations: found once, on images of the training set, and kept with the
 * model, so that int8 gives the same scores wherever the model goes (docs/precision.md). A model
 * file keeps them as JSON under "activation_steps": for each scale the steps of the values that
 * int8 rounds, in the order of the network's steps, [[s1, s2, ...], ...]; four with AlexNet. */
#ifndef DN_DETECT_ACTIVATION_STEPS_H
#define DN_DETECT_ACTIVATION_STEPS_H

#include "backbone/weights.h"
#include "compute/compute.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "image/roi.h"

/* Views that are looked at: of as many images, evenly chosen, or of all there are several times;
 * each at another angle, where the configuration rotates. */
#define DN_STEP_VIEWS 16

/* weights->steps from images as the network sees them, computed in f32. Unknown steps, and DN_OK,
 * where int8 is out of the question for this configuration. */
dn_status dn_activation_steps_of(const dn_compute *compute, const dn_config *config,
                                 const dn_image *images, size_t count, dn_backbone_weights *weights,
                                 dn_error *error);

/* The same from image files; one that cannot be read is a failure. */
dn_status dn_activation_steps_find(const dn_compute *compute, const dn_config *config,
                                   const dn_roi *roi, const dn_sample *samples, size_t count,
                                   dn_backbone_weights *weights, dn_error *error);

/* JSON, dn_text_free; and back. DN_ERROR_FORMAT names `name` and what is wrong. */
dn_status dn_activation_steps_to_json(const dn_backbone_steps *steps, const dn_network *network,
                                      int scales, char **json, dn_error *error);
dn_status dn_activation_steps_parse(const char *name, const char *json, const dn_network *network,
                                    int scales, dn_backbone_steps *steps, dn_error *error);

#endif
