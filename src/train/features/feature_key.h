/* The key of a feature bank: a text that names everything its numbers depend on except the
 * picture. */
#ifndef DN_TRAIN_FEATURE_KEY_H
#define DN_TRAIN_FEATURE_KEY_H

#include "detect/features/views.h"

/* What computes the features. */
typedef struct dn_feature_origin {
    const dn_compute *compute;
    const dn_backbone_weights *backbone;
} dn_feature_origin;

/* The key for features at `views`, computed by `extractor`, which was created from `origin`.
 * Features with equal keys are equal to the bit. Free with dn_text_free. */
dn_status dn_feature_key(const dn_extractor *extractor, const dn_views *views,
                         const dn_feature_origin *origin, char **key, dn_error *error);

#endif
