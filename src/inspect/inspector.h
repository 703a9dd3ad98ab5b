/* Computes the score, the map, or both of one picture after the other with one detector. Scoring,
 * maps, training, evaluation, calibration, the report and the benchmark all use this object. One
 * thread at a time. */
#ifndef DN_INSPECT_INSPECTOR_H
#define DN_INSPECT_INSPECTOR_H

#include "detect/detector.h"
#include "detect/features/place_view.h"
#include "detect/localization.h"
#include "detect/score.h"
#include "detect/tiles/scores.h"
#include "inspect/map.h"

typedef struct dn_inspector {
    const dn_detector *detector; /* the caller's: configuration, backbone, region of interest */
    const dn_compute *compute;   /* the caller's, or `own_compute` */
    const float *parameters;     /* of the flow; the caller's; NULL: none are set yet */
    dn_scorer scorer;            /* its extractor and flow are the inspector's */
    dn_localizer *localizer;     /* NULL before the first gradient map */
    dn_place_view places;        /* model NULL: the detector has none for places */
    double seen_places;          /* their statistic of the last picture */
    float *features;           /* [rotations][dimensions] of the last picture; with tiles, room for
                                  a tile's and for what passes the flow at once */
    dn_tile_scores tiles;      /* of the last picture, where pictures have tiles */
    dn_compute own_compute;    /* backend NULL: `compute` is the caller's */
    struct dn_inspector *next; /* in a pool's list of idle ones */
} dn_inspector;

/* Vectors that the flow takes at once when scoring: the usual number of rotations. */
#define DN_INSPECTOR_ROWS 64

/* Computes on the caller's backend, which outlives the inspector as `detector` does. The flow takes
 * up to `rows` vectors at once, for `use`: a trainer trains it. It has no parameters yet. */
dn_status dn_inspector_create(const dn_detector *detector, const dn_compute *compute,
                              dn_flow_use use, int rows, int rotations, dn_inspector **inspector,
                              dn_error *error);

typedef struct dn_inspector_options {
    char compute[16]; /* names a backend */
    dn_precision precision;
    int threads, rotations;
} dn_inspector_options;

/* Opens a backend of its own, for scores and maps. */
dn_status dn_inspector_open(const dn_detector *detector, const dn_inspector_options *options,
                            dn_inspector **inspector, dn_error *error);
void dn_inspector_destroy(dn_inspector *inspector);

/* Sets the flow's parameters, and the same in bf16 (NULL: they are rounded at each use). Call it
 * before the first score or map. Both stay the caller's; their values may change between calls. */
void dn_inspector_set_parameters(dn_inspector *inspector, const float *parameters,
                                 const uint16_t *bf16);

/* Score of a decoded picture of any size; with the scorer's early exit, if it has one.
 * DN_ERROR_ARGUMENT without parameters; DN_CANCELLED when the scorer's cancel hook, which is asked
 * before each batch of rotations, says so. */
dn_status dn_inspector_score(dn_inspector *inspector, const dn_image *picture, dn_score *score,
                             dn_error *error);

/* Score of features[rotations][dimensions] of a picture without tiles. */
dn_status dn_inspector_score_features(dn_inspector *inspector, const float *features,
                                      dn_score *score, dn_error *error);

/* Takes up the detector's places once they are trained; inspectors of a trained detector have them
 * from the start. */
dn_status dn_inspector_take_places(dn_inspector *inspector, dn_error *error);

/* The places' statistic of a picture, from its upright view alone; fails as a score does. Needs
 * a detector with places. */
dn_status dn_inspector_places(dn_inspector *inspector, const dn_image *picture, double *statistic,
                              dn_error *error);

/* Puts the places' statistic into a score of the paper's, and what follows from both.
 * DN_ERROR_NUMERIC when it is not a finite number. */
dn_status dn_inspector_join(const dn_inspector *inspector, double places, dn_score *score,
                            dn_error *error);

/* Whether maps show places, not gradients. */
int dn_inspector_maps_places(const dn_inspector *inspector);

/* The size of a picture's map: the configured size, or with tiles the picture's own. */
void dn_inspector_map_extents(const dn_inspector *inspector, const dn_image *picture, int *width,
                              int *height);

/* Map [height][width] of a picture, at that size. Fails as a score does. */
dn_status dn_inspector_localize(dn_inspector *inspector, const dn_image *picture, float *map,
                                dn_error *error);

/* The complete map of a picture. A map of places explains a FAIL or a REVIEW: with a PASS it has no
 * regions. So it takes all rotations, unless the model gives no verdict and no score is wanted. The
 * picture moves into the map: *picture is empty after success and may be after a failure; free it
 * in either case. `score` (NULL: not wanted) is that of dn_inspector_score without early exit. Free
 * the map with dn_map_free; NULL after a failure. */
dn_status dn_inspector_map(dn_inspector *inspector, dn_image *picture, dn_score *score,
                           dn_map **map, dn_error *error);

typedef struct dn_known_score {
    double raw;
    int is_unlike; /* the picture is unlike those of training: no PASS, whatever its score */
    int fresh;     /* the inspector has scored this very picture last */
} dn_known_score;

/* dn_inspector_map where the score is known: a map of places then takes the upright view alone, and
 * no pass at all if it is fresh. */
dn_status dn_inspector_map_scored(dn_inspector *inspector, dn_image *picture,
                                  const dn_known_score *known, dn_map **map, dn_error *error);

#endif
