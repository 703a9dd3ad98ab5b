/* Looks at one picture after the other with one detector: its score, its map, or both. The one
 * object that scoring, maps, evaluation, calibration, the report and the benchmark work with; for
 * one thread at a time. */
#ifndef DN_INSPECT_INSPECTOR_H
#define DN_INSPECT_INSPECTOR_H

#include "detect/detector.h"
#include "detect/localization.h"
#include "detect/score.h"
#include "inspect/map.h"

typedef struct dn_inspector {
    const dn_detector *detector; /* the caller's: configuration, backbone, region of interest */
    const dn_compute *compute;   /* the caller's, or `own_compute` */
    const float *parameters;     /* of the flow; the caller's; NULL: none are set yet */
    dn_scorer scorer;            /* its extractor and flow are the inspector's */
    dn_localizer *localizer;     /* NULL before the first map */
    float *features;             /* [rotations][dimensions] of the picture seen last */
    dn_compute own_compute;      /* backend NULL: `compute` is the caller's */
    struct dn_inspector *next;   /* in a pool's list of idle ones */
} dn_inspector;

/* Vectors that the flow takes at once when scoring: the usual number of rotations. */
#define DN_INSPECTOR_ROWS 64

/* On a backend that the caller opened, which outlives the inspector as `detector` does. The flow is
 * made for `rows` vectors and `use`: a trainer trains it. It has no parameters yet. */
dn_status dn_inspector_create(const dn_detector *detector, const dn_compute *compute,
                              dn_flow_use use, int rows, int rotations, dn_inspector **inspector,
                              dn_error *error);

typedef struct dn_inspector_options {
    char compute[16]; /* names a backend */
    dn_precision precision;
    int threads, rotations;
} dn_inspector_options;

/* On a backend of its own, for scores and maps. */
dn_status dn_inspector_open(const dn_detector *detector, const dn_inspector_options *options,
                            dn_inspector **inspector, dn_error *error);
void dn_inspector_destroy(dn_inspector *inspector);

/* The flow's parameters, and the same in bf16 (NULL: rounded at each use), before the first score.
 * Both stay the caller's and may change between calls, but not move. */
void dn_inspector_set_parameters(dn_inspector *inspector, const float *parameters,
                                 const uint16_t *bf16);

/* Score of a decoded picture of any size; with the scorer's early exit, if it has one.
 * DN_CANCELLED within one batch of rotations after the scorer's cancel hook asked for it. */
dn_status dn_inspector_score(dn_inspector *inspector, const dn_image *picture, dn_score *score,
                             dn_error *error);

/* Score of features[rotations][dimensions]. */
dn_status dn_inspector_score_features(dn_inspector *inspector, const float *features,
                                      dn_score *score, dn_error *error);

/* Gradient map [height][width] of a picture, at the configured size; cancelled as a score is. */
dn_status dn_inspector_localize(dn_inspector *inspector, const dn_image *picture, float *map,
                                dn_error *error);

/* The finished map of a picture, which moves into it: *picture is empty then. `score` (NULL: not
 * wanted) is the same as that of dn_inspector_score without early exit. Free with dn_map_free; NULL
 * after a failure. */
dn_status dn_inspector_map(dn_inspector *inspector, dn_image *picture, dn_score *score,
                           dn_map **map, dn_error *error);

#endif
