#include "detect/reduction.h"
#include "interchange/onnx_parts.h"

#include <float.h>
#include <math.h>

/* ---- Scores ---------------------------------------------------------------------------------- */

const char *dn_onnx_row_means(dn_onnx *graph, const char *value) {
    static const int64_t columns[] = {1};
    value = DN_ONNX_NODE(graph, "ReduceMean", value);
    dn_onnx_ints(graph, "axes", columns, 1);
    dn_onnx_int(graph, "keepdims", 0);
    return value;
}

/* The middle of each row, or the mean of the two in the middle: the larger half of a row in order,
 * of which only the end is needed. */
static const char *median_of_columns(dn_onnx *graph, const char *value, int count) {
    const int64_t half = count / 2 + 1;
    const int64_t middle[] = {half - 1, half - 2};
    value = DN_ONNX_NODE(graph, "TopK", value, dn_onnx_indices(graph, &half, 1));
    dn_onnx_int(graph, "axis", 1);
    dn_onnx_more_output(graph); /* where they were */
    value = DN_ONNX_NODE(graph, "Gather", value, dn_onnx_indices(graph, middle, count % 2 ? 1 : 2));
    dn_onnx_int(graph, "axis", 1);
    return dn_onnx_row_means(graph, value);
}

/* detect/reduction.h, of [N, views] */
static const char *reduced(const dn_onnx_exporter *self, const char *value) {
    dn_onnx *graph = self->graph;
    switch (dn_reduction_of(self->detector->config->rotation_reduction)) {
    case DN_REDUCTION_MEDIAN:
        return median_of_columns(graph, value, self->views);
    case DN_REDUCTION_LOG_MEAN:
        value = DN_ONNX_NODE(graph, "Max", value, dn_onnx_scalar(graph, FLT_MIN));
        value = dn_onnx_row_means(graph, DN_ONNX_NODE(graph, "Log", value));
        return DN_ONNX_NODE(graph, "Exp", value);
    default:
        return dn_onnx_row_means(graph, value);
    }
}

const char *dn_onnx_paper(dn_onnx_exporter *self, const char *z) {
    dn_onnx *graph = self->graph;
    const char *value = dn_onnx_row_means(graph, DN_ONNX_NODE(graph, "Mul", z, z));
    if (self->views == 1)
        return value;
    const int64_t rows[] = {-1, self->views};
    return reduced(self, DN_ONNX_NODE(graph, "Reshape", value, dn_onnx_indices(graph, rows, 2)));
}

/* dn_place_decide, in f32 */
const char *dn_onnx_decide(dn_onnx_exporter *self, const char *paper, const char *places) {
    dn_onnx *graph = self->graph;
    const dn_place_model *model = &self->detector->places;
    const float *c = model->combination;
    if (model->score == DN_SCORE_PAPER)
        return paper;
    const char *away = DN_ONNX_NODE(graph, "Sub", places, dn_onnx_scalar(graph, c[1]));
    away = DN_ONNX_NODE(graph, "Mul", away, dn_onnx_scalar(graph, c[3] / c[2]));
    away = DN_ONNX_NODE(graph, "Clip", away, dn_onnx_scalar(graph, -DN_PLACE_MOST_EXPONENT),
                        dn_onnx_scalar(graph, DN_PLACE_MOST_EXPONENT));
    const char *factor = DN_ONNX_NODE(graph, "Exp", away);
    return model->score == DN_SCORE_PLACES ? factor : DN_ONNX_NODE(graph, "Mul", paper, factor);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static const int64_t batch[] = {-1};

static const char *is_above(dn_onnx *graph, const char *raw, double threshold) {
    return DN_ONNX_NODE(graph, "Greater", raw, dn_onnx_scalar(graph, (float)threshold));
}

/* No PASS: too high, or lower than any good picture. */
static const char *is_suspect(dn_onnx *graph, const char *raw, const dn_calibration *judged) {
    const char *high = is_above(graph, raw, judged->review_threshold);
    if (!(judged->low_threshold > 0))
        return high;
    const char *low =
        DN_ONNX_NODE(graph, "Less", raw, dn_onnx_scalar(graph, (float)judged->low_threshold));
    return DN_ONNX_NODE(graph, "Or", high, low);
}

static const char *as_number(dn_onnx *graph, const char *truth) {
    const char *value = DN_ONNX_NODE(graph, "Cast", truth);
    dn_onnx_int(graph, "to", DN_ONNX_INT64);
    return value;
}

/* dn_calibration_judge: x = log(raw / threshold), pred_score = (1 + x / (1 + |x|)) / 2 */
static const char *pred_score(dn_onnx *graph, const char *raw, double threshold) {
    const char *one = dn_onnx_scalar(graph, 1.0f);
    const char *x = DN_ONNX_NODE(graph, "Max", raw, dn_onnx_scalar(graph, FLT_MIN));
    x = DN_ONNX_NODE(graph, "Log", x); /* the quotient itself might overflow */
    x = DN_ONNX_NODE(graph, "Sub", x, dn_onnx_scalar(graph, (float)log(threshold)));
    const char *spread = DN_ONNX_NODE(graph, "Add", DN_ONNX_NODE(graph, "Abs", x), one);
    const char *score = DN_ONNX_NODE(graph, "Add", DN_ONNX_NODE(graph, "Div", x, spread), one);
    return DN_ONNX_NODE(graph, "Mul", score, dn_onnx_scalar(graph, 0.5f));
}

void dn_onnx_judge(dn_onnx_exporter *self, const char *raw) {
    dn_onnx *graph = self->graph;
    const dn_calibration *judged = &self->detector->calibration;
    dn_onnx_output(graph, pred_score(graph, raw, judged->threshold), "pred_score", DN_ONNX_FLOAT,
                   batch, 1);
    const char *label = as_number(graph, is_above(graph, raw, judged->threshold));
    const char *suspect = as_number(graph, is_suspect(graph, raw, judged));
    const char *verdict = DN_ONNX_NODE(graph, "Add", label, suspect);
    dn_onnx_output(graph, label, "pred_label", DN_ONNX_INT64, batch, 1);
    dn_onnx_output(graph, verdict, "verdict", DN_ONNX_INT64, batch, 1);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static const char *pred_mask(dn_onnx_exporter *self, const char *map, const char *raw,
                             double threshold) {
    dn_onnx *graph = self->graph;
    const dn_calibration *judged = &self->detector->calibration;
    static const int64_t each[] = {-1, 1, 1, 1};
    const char *mask = is_above(graph, map, threshold);
    if (!dn_calibration_judges(judged))
        return mask;
    const char *suspect = is_suspect(graph, raw, judged);
    suspect = DN_ONNX_NODE(graph, "Reshape", suspect, dn_onnx_indices(graph, each, 4));
    return DN_ONNX_NODE(graph, "And", mask, suspect);
}

void dn_onnx_locate(dn_onnx_exporter *self, const char *map, const char *raw) {
    dn_onnx *graph = self->graph;
    double threshold = dn_detector_map_threshold(self->detector);
    static const int64_t channel[] = {1};
    const int64_t shape[] = {-1, 1, self->height, self->width};
    map = DN_ONNX_NODE(graph, "Unsqueeze", map, dn_onnx_indices(graph, channel, 1));
    dn_onnx_output(graph, map, "anomaly_map", DN_ONNX_FLOAT, shape, 4);
    if (threshold > 0)
        dn_onnx_output(graph, pred_mask(self, map, raw, threshold), "pred_mask", DN_ONNX_BOOL,
                       shape, 4);
}
