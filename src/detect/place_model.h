/*
 * A detector for places as a part of a model (docs/localization.md), and how its statistic joins
 * the paper's score. In a model file:
 *
 *     places.mean         F32 [height, width, channels]                mu of each place
 *     places.factor       F32 [height, width, channels (channels + 1) / 2]   F of each place,
 * packed places.combination  F32 [5]: training pictures; mean and standard deviation of the
 * logarithm of the paper's score, then of the places' statistic
 */
#ifndef DN_DETECT_PLACE_MODEL_H
#define DN_DETECT_PLACE_MODEL_H

#include "config/config.h"
#include "places/gaussian.h"
#include "tensors/tensor_file.h"

enum { DN_PLACE_TENSORS = 3, DN_PLACE_COMBINATION = 5 };

/* What the verdict is about. */
typedef enum dn_score_kind { DN_SCORE_PAPER, DN_SCORE_PLACES, DN_SCORE_COMBINED } dn_score_kind;

typedef struct dn_place_model {
    dn_place_gaussians gaussians; /* pictures 0: the model has no detector for places */
    float *mean, *factor;         /* owned, where they are not in a file */
    float combination[DN_PLACE_COMBINATION];
    dn_score_kind score;
} dn_place_model;

/* An empty model with room for the Gaussians (mean, factor) of that grid. */
dn_status dn_place_model_create(const dn_config *config, const dn_place_grid *grid,
                                dn_place_model *model, dn_error *error);

/* From a model file; without its tensors the model has none, and `config` gets places: off.
 * DN_ERROR_FORMAT names a tensor that does not fit the grid. The file outlives the model. */
dn_status dn_place_model_load(const dn_tensor_file *file, const char *path,
                              const dn_place_grid *grid, dn_config *config, dn_place_model *model,
                              dn_error *error);
void dn_place_model_free(dn_place_model *model);

/* DN_ERROR_NUMERIC names a tensor with a number that is not finite. */
dn_status dn_place_model_check(const dn_place_model *model, const char *path, dn_error *error);

/* The tensors for a file; 0 where there is no detector. They point into the model. */
size_t dn_place_model_tensors(const dn_place_model *model, dn_tensor tensors[DN_PLACE_TENSORS]);

/*
 * The statistic that decides. Combined: with u and v the logarithms of both parts, each less its
 * mean and over its standard deviation on good pictures,
 *
 *     raw = log(1 + exp(max(u, v)))
 *
 * which rises with the larger one and is above 0. So raw is above a threshold if and only if one of
 * the parts is above a threshold of its own, which the next two functions give.
 */
double dn_place_decide(const dn_place_model *model, double paper, double places);

/* The values of a part above which dn_place_decide is above `raw`; infinite where that part does
 * not count. */
double dn_place_paper_at(const dn_place_model *model, double raw);
double dn_place_places_at(const dn_place_model *model, double raw);

/* Sets the combination from the parts' values on `count` good pictures. */
void dn_place_combine(dn_place_model *model, const double *paper, const double *places,
                      size_t count);

#endif
