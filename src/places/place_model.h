/*
 * A detector for places as a part of a model (docs/localization.md), and how its statistic joins
 * the paper's score. In a model file:
 *
 *     places.mean         F32 [height, width, channels]: mu of each place
 *     places.factor       F32 [height, width, triangle]: F of each place, packed
 *     places.logs         F32 [2, height, width]: mean, then deviation of the logarithm of the
 *                         smoothed distances of the training pictures, each left out of the
 *                         Gaussians
 *     places.good         F32 [n]: rising, statistics of those pictures, likewise left out
 *     places.combination  F32 [4]: number of training pictures; mean and standard deviation of the
 *                         places' statistic on them; standard deviation of the logarithm of the
 *                         paper's score of good pictures that training has not seen
 */
#ifndef DN_DETECT_PLACE_MODEL_H
#define DN_DETECT_PLACE_MODEL_H

#include "config/config.h"
#include "places/gaussian.h"
#include "tensors/tensor_file.h"

enum { DN_PLACE_TENSORS = 5, DN_PLACE_COMBINATION = 4 };

/* Statistics of training pictures in `places.good` at most. */
#define DN_PLACE_MOST_GOOD 20000

/* What the verdict is about. */
typedef enum dn_score_kind { DN_SCORE_PAPER, DN_SCORE_PLACES, DN_SCORE_COMBINED } dn_score_kind;

typedef struct dn_place_model {
    dn_place_gaussians gaussians; /* pictures 0: the model has no detector for places */
    float *mean, *factor, *logs;  /* owned, where they are not in a file */
    float *good;                  /* [good_count], rising; owned */
    size_t good_count;
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
 * The statistic that decides: the paper's score p, or with the places' statistic t, whose mean on
 * the training pictures is m,
 *
 *     combined   p exp(w (t - m)),  w = deviation of log p / deviation of t
 *     places     exp(w (t - m))
 *
 * a number in the paper's unit that is above 0 and rises with both parts; its logarithm is the sum
 * of both, each over its own spread. The exponent is at most DN_PLACE_MOST_EXPONENT either way.
 */
#define DN_PLACE_MOST_EXPONENT 50
double dn_place_decide(const dn_place_model *model, double paper, double places);

/* What the paper's score is multiplied by in it. */
double dn_place_factor(const dn_place_model *model, double places);

/* (1 + statistics of the training pictures >= places) / (their number + 1). */
double dn_place_p_value(const dn_place_model *model, double places);

/* The value that the largest value of a good picture's map exceeds with that rate: by the rising
 * statistics of good pictures that training has not seen (conformal; the largest if there are too
 * few), or, where there are none, by those of the training pictures. */
double dn_place_threshold(const dn_place_model *model, const double *good, size_t count,
                          double rate);

/* Deviation of log p where fewer than DN_PLACE_LEAST_SCALES pictures tell it; measured on good
 * pictures that training had not seen (docs/localization.md). Those of the training tell too
 * little: the flow has seen them. */
#define DN_PLACE_PAPER_DEVIATION 0.2
#define DN_PLACE_LEAST_SCALES 20

/* Sets the combination: by model->good, and the paper's scores of `count` good pictures. */
void dn_place_combine(dn_place_model *model, const double *paper, size_t count);

#endif
