/* Everything one thread needs to score images with a detector; made once, used for many images. */
#ifndef DN_API_ENGINE_H
#define DN_API_ENGINE_H

#include "detect/detector.h"
#include "detect/localization.h"
#include "detect/score.h"
#include "train/feature_source.h"

typedef struct dn_engine {
    dn_compute compute;
    dn_extractor *extractor;
    dn_flow *flow;
    dn_scorer scorer;
    dn_localizer *localizer; /* NULL before the first map */
    float *features;         /* [rotations][dimensions] */
    struct dn_engine *next;  /* in a list of idle engines */
} dn_engine;

/* Vectors that the flow takes at once when scoring: the usual number of rotations. */
#define DN_ENGINE_ROWS 64

/* `compute` names a backend. The detector stays the caller's and must outlive the engine; its
 * parameters are not looked at before the first score. */
dn_status dn_engine_create(const dn_detector *detector, const char *compute, dn_precision precision,
                           int threads, int rotations, dn_engine **engine, dn_error *error);
void dn_engine_destroy(dn_engine *engine);

/* Score of a decoded image of any size. */
dn_status dn_engine_score(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                          dn_score *score, dn_error *error);

/* Features of image files at the engine's rotations, kept in the cache of the detector's
 * configuration; the engine must outlive the source. */
dn_status dn_engine_source(dn_engine *engine, const dn_detector *detector,
                           const dn_observer *observer, dn_feature_source *source, dn_error *error);

/* The same score as dn_engine_score, and the image's map [height][width] at the configured size. */
dn_status dn_engine_localize(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                             dn_score *score, float *map, dn_error *error);

#endif
