/* The key of a feature bank: a text that names all that its numbers depend on but the picture. */
#ifndef DN_TRAIN_FEATURE_KEY_H
#define DN_TRAIN_FEATURE_KEY_H

#include "detect/views.h"

/* What computes the features. */
typedef struct dn_feature_origin {
    const dn_compute *compute;
    const dn_backbone_weights *backbone;
} dn_feature_origin;

/* The key of features at `views` that `extractor`, created from `origin`, computes. Features of two
 * equal keys are equal to the bit. Free with dn_text_free. */
dn_status dn_feature_key(const dn_extractor *extractor, const dn_views *views,
                         const dn_feature_origin *origin, char **key, dn_error *error);

#endif
