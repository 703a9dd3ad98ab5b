/*
 * Where in an image its score comes from (paper, section 3.4; docs/localization.md): for each
 * rotation the gradient of the loss at the pixels, turned back and smoothed (Gaussian, sigma 3
 * pixels); of these the mean absolute value over rotations and channels. 0 outside the region of
 * interest.
 */
#ifndef DN_DETECT_LOCALIZATION_H
#define DN_DETECT_LOCALIZATION_H

#include "detect/score.h"

#define DN_LOCALIZATION_SIGMA 3.0

/* Views whose gates are kept at once: as many as the flow takes, but not more than fit
 * DN_LOCALIZATION_GATES bytes. */
#define DN_LOCALIZATION_GATES ((size_t)512 << 20)
int dn_localization_rows(size_t gates_of_view, int rows);

typedef struct dn_localizer dn_localizer;

/* Shares the scorer's extractor, rotations, batches and cancel hook; `scorer` and `compute` must
 * outlive it. For images of `width` x `height`, the extractor's size. */
dn_status dn_localizer_create(const dn_compute *compute, const dn_scorer *scorer,
                              const dn_flow_shape *shape, int width, int height,
                              dn_localizer **localizer, dn_error *error);
void dn_localizer_destroy(dn_localizer *localizer);

/* map[height][width] of an image of the configured size, and its features[rotations][dimensions],
 * the same bits as dn_scorer_features gives. Gradients are taken at the features of the scorer's
 * precision; below f32 they are bf16 between the layers of the backbone. One call at a time;
 * DN_CANCELLED, DN_ERROR_NUMERIC. */
dn_status dn_localizer_run(dn_localizer *localizer, const float *parameters, const dn_image *image,
                           float *features, float *map, dn_error *error);

#endif
