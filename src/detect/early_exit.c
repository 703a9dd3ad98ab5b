#include "detect/early_exit.h"

#include "base/memory.h"
#include "metrics/student.h"

#include <float.h>
#include <math.h>

static int common_divisor(int a, int b) {
    return b == 0 ? a : common_divisor(b, a % b);
}

/* The step nearest to count / phi that comes by every number. */
static int golden_step(int count) {
    int wanted = (int)(count * 0.6180339887498949 + 0.5);
    for (int away = 0; away < count; away++) {
        if (wanted + away < count && common_divisor(wanted + away, count) == 1)
            return wanted + away;
        if (wanted - away > 0 && common_divisor(wanted - away, count) == 1)
            return wanted - away;
    }
    return 1;
}

void dn_spread_order(int count, int *order) {
    int step = golden_step(count);
    for (int i = 0; i < count; i++)
        order[i] = (int)((int64_t)i * step % count);
}

static dn_status init_early_exit(dn_early_exit *early, double confidence, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, (size_t)early->rotations, sizeof(int), error));
    early->order = block;
    dn_spread_order(early->rotations, early->order);
    early->looks = (early->rotations - 1) / DN_EARLY_ROTATIONS;
    DN_TRY(dn_allocate(&block, (size_t)early->looks, sizeof(double), error));
    early->quantiles = block;
    for (int i = 0; i < early->looks; i++)
        early->quantiles[i] = dn_student_quantile((i + 1) * DN_EARLY_ROTATIONS - 1,
                                                  (1 - confidence) / (2 * early->looks));
    return DN_OK;
}

dn_status dn_early_exit_create(double confidence, int rotations, dn_reduction reduction,
                               const double cuts[DN_EARLY_CUTS], dn_early_exit *early,
                               dn_error *error) {
    *early = (dn_early_exit){.reduction = reduction, .rotations = rotations};
    for (int i = 0; i < DN_EARLY_CUTS; i++)
        early->cuts[i] = isnan(cuts[i])                       ? -INFINITY
                         : reduction == DN_REDUCTION_LOG_MEAN ? log(cuts[i])
                                                              : cuts[i];
    if (!(confidence >= 0.5 && confidence < 1))
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "early exit at confidence %g: expected 0.5 or more, below 1", confidence);
    dn_status status = init_early_exit(early, confidence, error);
    if (status != DN_OK)
        dn_early_exit_destroy(early);
    return status;
}

void dn_early_exit_destroy(dn_early_exit *early) {
    dn_release(early->order);
    dn_release(early->quantiles);
    *early = (dn_early_exit){0};
}

void dn_early_exit_scale(dn_early_exit *early, double factor) {
    for (int i = 0; i < DN_EARLY_CUTS; i++)
        early->cuts[i] = early->reduction == DN_REDUCTION_LOG_MEAN ? early->cuts[i] - log(factor)
                                                                   : early->cuts[i] / factor;
}

int dn_verdict_is_certain(const dn_early_exit *early, int seen, double sum, double square_sum) {
    double mean = sum / seen, spread = square_sum / seen - mean * mean;
    double variance = fmax(spread, 0) * seen / (seen - 1);
    double left = 1 - (double)seen / early->rotations;
    double reach = early->quantiles[seen / DN_EARLY_ROTATIONS - 1] * sqrt(variance / seen * left);
    for (int i = 0; i < DN_EARLY_CUTS; i++)
        if (!(fabs(mean - early->cuts[i]) > reach))
            return 0;
    return 1;
}

/* Whether more than half of all rotations lie on one side of the threshold. */
static int median_is_certain(const dn_early_exit *early, const double *values, int seen,
                             double threshold) {
    int above = 0, below = 0;
    for (int i = 0; i < seen; i++) {
        above += values[i] > threshold;
        below += values[i] <= threshold;
    }
    return 2 * above > early->rotations || 2 * below > early->rotations;
}

static int medians_are_certain(const dn_early_exit *early, const double *values, int seen) {
    for (int i = 0; i < DN_EARLY_CUTS; i++)
        if (!median_is_certain(early, values, seen, early->cuts[i]))
            return 0;
    return 1;
}

int dn_early_exit_decides(const dn_early_exit *early, const double *values, int seen) {
    double sum = 0, square_sum = 0;
    if (early->reduction == DN_REDUCTION_MEDIAN)
        return medians_are_certain(early, values, seen);
    for (int i = 0; i < seen; i++) {
        double value =
            early->reduction == DN_REDUCTION_LOG_MEAN ? log(fmax(values[i], DBL_MIN)) : values[i];
        sum += value;
        square_sum += value * value;
    }
    return dn_verdict_is_certain(early, seen, sum, square_sum);
}

static dn_status take_rotations(dn_scorer *scorer, const dn_early_exit *early,
                                const float *parameters, const dn_image *image, int done, int count,
                                dn_score_sums *sums, dn_error *error) {
    dn_view views[DN_EARLY_ROTATIONS];
    for (int i = 0; i < count; i++)
        views[i] =
            (dn_view){.image = image, .degrees = early->order[done + i] * 360.0 / early->rotations};
    DN_TRY(dn_check_cancel(scorer->cancel, error));
    DN_TRY(dn_extractor_run(scorer->extractor, views, count, scorer->look, error));
    return dn_scorer_add(scorer, parameters, scorer->look, count, sums, error);
}

dn_status dn_scorer_score_early(dn_scorer *scorer, const dn_early_exit *early,
                                const float *parameters, const dn_image *image, dn_score *score,
                                dn_error *error) {
    dn_score_sums sums = {0};
    dn_early_exit own = *early; /* the order begins with the upright view */
    int done = 0;
    while (done < early->rotations) {
        int left = early->rotations - done;
        int count = left < DN_EARLY_ROTATIONS ? left : DN_EARLY_ROTATIONS;
        DN_TRY(take_rotations(scorer, early, parameters, image, done, count, &sums, error));
        if (done == 0 && scorer->adjust)
            scorer->adjust(scorer->adjust_user, &own);
        done += count;
        if (done < early->rotations && dn_early_exit_decides(&own, scorer->values, done))
            break;
    }
    return dn_scorer_reduce(scorer, &sums, score, error);
}
