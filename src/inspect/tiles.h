/* Scores and maps of pictures that are looked at tile by tile; inspector.c hands them on. One flow
 * and one detector for places see all tiles. */
#ifndef DN_INSPECT_TILES_H
#define DN_INSPECT_TILES_H

#include "inspect/inspector.h"

/* Whether the inspector's pictures have tiles. */
int dn_inspector_has_tiles(const dn_inspector *inspector);

/* Score of a picture; with a map[height][width] of its own size where places make maps (NULL: not
 * wanted). With an early exit, and without a map, it ends at the first tile that rejects the
 * picture. */
dn_status dn_tiles_score(dn_inspector *inspector, const dn_image *picture, float *map,
                         dn_score *score, dn_error *error);

/* Score of features[tiles][rotations][dimensions] of a picture of that size, without places. */
dn_status dn_tiles_score_features(dn_inspector *inspector, const float *features, int width,
                                  int height, dn_score *score, dn_error *error);

/* The places' statistics of all tiles, into inspector->tiles, from their upright views alone; and
 * their map (NULL: not wanted). */
dn_status dn_tiles_places(dn_inspector *inspector, const dn_image *picture, float *map,
                          dn_error *error);

/* Map of gradients; and the score of the same views (NULL: not wanted). */
dn_status dn_tiles_gradients(dn_inspector *inspector, const dn_image *picture, float *map,
                             dn_score *score, dn_error *error);

/* DN_ERROR_NUMERIC where a score is not a finite number. */
dn_status dn_tiles_check(const dn_score *score, dn_error *error);

/* Sets what a score says of its tiles: raw, paper, places and their numbers. `standard` (NULL: the
 * detector's) standardises them. Returns the tile with the largest value. */
int dn_tiles_reduce(const dn_inspector *inspector, const dn_tile_standard *standard,
                    dn_tile_scores *tiles, dn_score *score);

#endif
