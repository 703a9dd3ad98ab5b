#include "detect/score.h"

#include "base/memory.h"
#include "detect/features/views.h"

#include <math.h>

int dn_test_rotations(const dn_config *config) {
    return config->transf_rotations ? config->n_transforms_test : 1;
}

static dn_status allocate_scorer(dn_scorer *scorer, dn_error *error) {
    size_t rows = (size_t)scorer->rows;
    void *values;
    DN_TRY(dn_allocate_floats(&scorer->z, rows * (size_t)scorer->dimensions, error));
    DN_TRY(dn_allocate_floats(&scorer->log_det, rows, error));
    DN_TRY(
        dn_allocate_floats(&scorer->look, DN_EARLY_ROTATIONS * (size_t)scorer->dimensions, error));
    DN_TRY(dn_allocate(&values, (size_t)scorer->rotations, sizeof(double), error));
    scorer->values = values;
    scorer->room = (size_t)scorer->rotations;
    return DN_OK;
}

dn_status dn_scorer_reserve(dn_scorer *scorer, size_t views, dn_error *error) {
    void *values = scorer->values;
    DN_TRY(dn_grow(&values, &scorer->room, views, sizeof(double), error));
    scorer->values = values;
    return DN_OK;
}

/* Views of several tiles pass the flow together. */
static int rows_at_once(const dn_extractor *extractor, int rows, int rotations) {
    return rows < rotations || dn_extractor_tiling(extractor)->is_on ? rows : rotations;
}

dn_status dn_scorer_create(dn_extractor *extractor, dn_flow *flow, int rows, int rotations,
                           int dimensions, dn_reduction reduction, dn_scorer *scorer,
                           dn_error *error) {
    *scorer = (dn_scorer){
        .extractor = extractor,
        .flow = flow,
        .rows = rows_at_once(extractor, rows, rotations),
        .rotations = rotations,
        .dimensions = dimensions,
        .reduction = reduction,
    };
    dn_status status = allocate_scorer(scorer, error);
    if (status != DN_OK)
        dn_scorer_destroy(scorer);
    return status;
}

void dn_scorer_destroy(dn_scorer *scorer) {
    dn_release(scorer->z);
    dn_release(scorer->log_det);
    dn_release(scorer->values);
    dn_release(scorer->look);
    scorer->z = scorer->log_det = scorer->look = NULL;
    scorer->values = NULL;
}

dn_status dn_scorer_features(dn_scorer *scorer, const dn_image *image, float *features,
                             dn_error *error) {
    const dn_views views = {
        .kind = DN_VIEWS_EVEN, .count = scorer->rotations, .cancel = scorer->cancel};
    return dn_views_extract(&views, scorer->extractor, NULL, image, features, error);
}

static void add_rows(const dn_scorer *scorer, int rows, dn_score_sums *sums) {
    for (int r = 0; r < rows; r++) {
        const float *z = scorer->z + (size_t)r * (size_t)scorer->dimensions;
        double squares = 0.0;
        for (int i = 0; i < scorer->dimensions; i++)
            squares += (double)z[i] * (double)z[i];
        double mean = squares / scorer->dimensions;
        scorer->values[sums->rotations++] = mean;
        sums->mean += mean;
        sums->square += mean * mean;
        sums->loss += (0.5 * squares - (double)scorer->log_det[r]) / scorer->dimensions;
    }
}

dn_status dn_scorer_add(dn_scorer *scorer, const float *parameters, const float *features,
                        int count, dn_score_sums *sums, dn_error *error) {
    DN_TRY(dn_check_cancel(scorer->cancel, error));
    DN_TRY(dn_flow_forward(scorer->flow, parameters, scorer->z, scorer->log_det, features, count,
                           NULL, error));
    add_rows(scorer, count, sums);
    return DN_OK;
}

dn_status dn_scorer_reduce(dn_scorer *scorer, const dn_score_sums *sums, dn_score *score,
                           dn_error *error) {
    int rotations = sums->rotations;
    double paper = dn_reduce(scorer->reduction, scorer->values, rotations);
    double mean = sums->mean / rotations, variance = sums->square / rotations - mean * mean;
    *score = (dn_score){
        .raw = paper,
        .paper = paper,
        .places = NAN,
        .deviation = variance > 0.0 ? sqrt(variance) : 0.0,
        .loss = sums->loss / rotations,
        .rotations = rotations,
    };
    if (!isfinite(mean) || !isfinite(score->raw))
        return dn_fail(error, DN_ERROR_NUMERIC,
                       "the score is not a finite number: the model's weights are damaged or its "
                       "training diverged");
    return DN_OK;
}

dn_status dn_scorer_score(dn_scorer *scorer, const float *parameters, const float *features,
                          dn_score *score, dn_error *error) {
    dn_score_sums sums = {0};
    for (int done = 0; done < scorer->rotations; done += scorer->rows) {
        int left = scorer->rotations - done, rows = left < scorer->rows ? left : scorer->rows;
        DN_TRY(dn_scorer_add(scorer, parameters,
                             features + (size_t)done * (size_t)scorer->dimensions, rows, &sums,
                             error));
    }
    return dn_scorer_reduce(scorer, &sums, score, error);
}
