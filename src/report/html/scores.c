/* The scores of good and defective images, the thresholds, and the verdicts. */
#include "metrics/verdict_counts.h"
#include "report/html/html.h"

#include <math.h>
#include <string.h>

enum { BINS = 50, WIDTH = 1000, HALF = 100, TICKS = 7, STEPS = 1000 };

/* ---- The axis -------------------------------------------------------------------------------- */

static double scale(const dn_score_axis *axis, double score) {
    return axis->logarithmic ? log(score) : score;
}

static double unscale(const dn_score_axis *axis, double value) {
    return axis->logarithmic ? exp(value) : value;
}

/* A margin at both ends, also if all scores are equal. */
static void widen_axis(dn_score_axis *axis) {
    double low = scale(axis, axis->low), high = scale(axis, axis->high);
    double room = high > low ? 0.03 * (high - low) : axis->logarithmic ? 0.1 : 0.5;
    axis->low = unscale(axis, low - room);
    axis->high = unscale(axis, high + room);
}

static void include(dn_score_axis *axis, double score) {
    if (!isfinite(score))
        return;
    axis->low = fmin(axis->low, score);
    axis->high = fmax(axis->high, score);
}

dn_score_axis dn_score_axis_of(const dn_report *report) {
    dn_score_axis axis = {INFINITY, -INFINITY, 0};
    for (size_t i = 0; i < report->sample_count; i++)
        if (dn_sample_counts(&report->samples[i]))
            include(&axis, report->samples[i].raw_score);
    if (!isfinite(axis.low))
        return (dn_score_axis){0, 1, 0};
    include(&axis, report->metrics->decision.threshold);
    include(&axis, report->metrics->decision.review_threshold);
    axis.logarithmic = axis.low > 0 && axis.high > 10 * axis.low;
    widen_axis(&axis);
    return axis;
}

double dn_score_share(const dn_score_axis *axis, double score) {
    double low = scale(axis, axis->low), high = scale(axis, axis->high);
    double place = axis->logarithmic && score <= 0 ? low : scale(axis, score);
    return fmin(fmax((place - low) / (high - low), 0), 1);
}

/* ---- The histogram --------------------------------------------------------------------------- */

typedef struct histogram {
    size_t bins[2][BINS]; /* good, defective */
    size_t totals[2];
} histogram;

static void fill_histogram(const dn_report *report, const dn_score_axis *axis, histogram *counts) {
    *counts = (histogram){0};
    for (size_t i = 0; i < report->sample_count; i++) {
        const dn_report_sample *sample = &report->samples[i];
        if (!dn_sample_counts(sample))
            continue;
        int bin = (int)(dn_score_share(axis, sample->raw_score) * BINS);
        counts->bins[sample->gt_label != 0][bin < BINS ? bin : BINS - 1]++;
        counts->totals[sample->gt_label != 0]++;
    }
}

static double share(const histogram *counts, int kind, int bin) {
    return counts->totals[kind] ? (double)counts->bins[kind][bin] / (double)counts->totals[kind]
                                : 0;
}

static double largest_share(const histogram *counts) {
    double largest = 0;
    for (int bin = 0; bin < BINS; bin++)
        largest = fmax(largest, fmax(share(counts, 0, bin), share(counts, 1, bin)));
    return largest;
}

static void append_bar(dn_text *page, const dn_score_axis *axis, const histogram *counts, int kind,
                       int bin, double height) {
    double low = scale(axis, axis->low), step = (scale(axis, axis->high) - low) / BINS;
    dn_text_append(page, "<rect class=\"%s\" x=\"%d\" width=\"%d\" y=\"", kind ? "bad" : "good",
                   bin * WIDTH / BINS + 1, WIDTH / BINS - 2);
    dn_html_fixed(page, kind ? HALF + 1 : HALF - 1 - height, 2);
    dn_text_append(page, "\" height=\"");
    dn_html_fixed(page, height, 2);
    dn_text_append(page, "\"><title>%zu %s, score ", counts->bins[kind][bin],
                   kind ? "defective" : "good");
    dn_html_score(page, unscale(axis, low + bin * step));
    dn_text_append(page, " to ");
    dn_html_score(page, unscale(axis, low + (bin + 1) * step));
    dn_text_append(page, "</title></rect>\n");
}

static void append_bars(dn_text *page, const dn_report *report, const dn_score_axis *axis) {
    histogram counts;
    fill_histogram(report, axis, &counts);
    double largest = largest_share(&counts);
    dn_text_append(page,
                   "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                   "aria-label=\"Histogram of the scores: good above the line, defective below "
                   "it\"><path class=\"grid\" vector-effect=\"non-scaling-stroke\" d=\"M0 %dH%d\"/>"
                   "\n",
                   WIDTH, 2 * HALF, HALF, WIDTH);
    for (int kind = 0; kind < 2; kind++)
        for (int bin = 0; bin < BINS; bin++)
            if (counts.bins[kind][bin] > 0)
                append_bar(page, axis, &counts, kind, bin,
                           0.8 * HALF * share(&counts, kind, bin) / largest + 1);
    dn_text_append(page, "</svg>\n");
}

/* 1, 2, 5, 10, ...; if these are too many, powers of ten, or every n-th of them. */
static int log_ticks(const dn_score_axis *axis, double *ticks) {
    static const double digits[] = {1, 2, 5};
    double decades = log10(axis->high / axis->low);
    int per_decade = decades < 2 ? 3 : 1, stride = 1 + (int)(decades / TICKS), count = 0;
    for (int power = (int)floor(log10(axis->low)); pow(10, power) <= axis->high; power += stride)
        for (int i = 0; i < per_decade; i++) {
            double tick = digits[i] * pow(10, power);
            if (tick >= axis->low && tick <= axis->high && count < TICKS)
                ticks[count++] = tick;
        }
    return count;
}

static void append_ticks(dn_text *page, const dn_score_axis *axis) {
    double ticks[TICKS];
    int count = axis->logarithmic ? log_ticks(axis, ticks)
                                  : dn_html_ticks(axis->low, axis->high, TICKS, ticks);
    dn_text_append(page, "<div class=\"ticks\" aria-hidden=\"true\">");
    for (int i = 0; i < count; i++) {
        dn_text_append(page, "<span style=\"left:");
        dn_html_fixed(page, 100 * dn_score_share(axis, ticks[i]), 2);
        dn_text_append(page, "%%\">");
        dn_html_score(page, ticks[i]);
        dn_text_append(page, "</span>");
    }
    dn_text_append(page, "</div>\n");
}

static void append_histogram(dn_text *page, const dn_report *report, const dn_score_axis *axis,
                             double fail, double review) {
    dn_text_append(page,
                   "<p class=\"legend\"><span><span class=\"swatch good\"></span>%zu good, above "
                   "the line</span> "
                   "<span><span class=\"swatch bad\"></span>%zu defective, below it</span> <span "
                   "class=\"soft\">"
                   "(height: share of each; axis: raw_score%s)</span></p>\n",
                   report->metrics->good_count, report->metrics->defect_count,
                   axis->logarithmic ? ", logarithmic" : "");
    dn_text_append(page, "<div class=\"histogram%s\" id=\"histogram\" style=\"--fail-at:",
                   review < fail ? "" : " bandless");
    dn_html_fixed(page, 100 * dn_score_share(axis, fail), 3);
    dn_text_append(page, "%%;--review-at:");
    dn_html_fixed(page, 100 * dn_score_share(axis, review), 3);
    dn_text_append(page, "%%\">\n<div class=\"zone review\"><span>REVIEW</span></div>"
                         "<div class=\"zone fail\"><span>FAIL</span></div>\n");
    append_bars(page, report, axis);
    dn_text_append(page, "</div>\n");
    append_ticks(page, axis);
}

/* ---- Thresholds ------------------------------------------------------------------------------ */

static void append_slider(dn_text *page, const dn_score_axis *axis, const char *id,
                          const char *label, const char *verdict, double value) {
    dn_text_append(page,
                   "<label class=\"slider %ss\">%s <span class=\"verdict %s\">%s</span> above "
                   "<output id=\"%s-value\">",
                   id, label, verdict, verdict, id);
    dn_html_score(page, value);
    dn_text_append(page,
                   "</output><input type=\"range\" id=\"%s\" min=\"0\" max=\"%d\" value=\"%d\">"
                   "</label>\n",
                   id, STEPS, (int)lround(dn_score_share(axis, value) * STEPS));
}

static void append_cell(dn_text *page, size_t count, size_t total, int verdict, int wrong) {
    dn_text_append(page, "<td data-verdict=\"%d\"%s>%zu<small>", verdict,
                   wrong ? " class=\"wrong\"" : "", count);
    dn_html_percent(page, total ? (double)count / (double)total : NAN);
    dn_text_append(page, "</small></td>");
}

static void append_counts(dn_text *page, const char *label, const char *scores,
                          const dn_verdict_counts *counts, int defective) {
    size_t total = counts->pass + counts->review + counts->fail;
    if (total == 0)
        return;
    dn_text_append(page, "<tr data-scores=\"%s\"><th scope=\"row\">%zu %s</th>", scores, total,
                   label);
    append_cell(page, counts->pass, total, 0, defective);
    append_cell(page, counts->review, total, 1, 0);
    append_cell(page, counts->fail, total, 2, !defective);
    dn_text_append(page, "</tr>\n");
}

/* The confusion matrix, with REVIEW. */
static void append_matrix(dn_text *page, const dn_decision *decision) {
    dn_text_append(page,
                   "<div class=\"wide\"><table>\n<caption>Verdicts at these thresholds; the wrong "
                   "ones in bold</caption>\n<thead><tr><td></td><th scope=\"col\">PASS</th>"
                   "<th scope=\"col\">REVIEW</th><th scope=\"col\">FAIL</th></tr></thead>\n<tbody>"
                   "\n");
    append_counts(page, "good", "good", &decision->good, 0);
    append_counts(page, "defective", "defective", &decision->defective, 1);
    dn_text_append(page, "</tbody></table></div>\n<p class=\"soft\">Precision of FAIL "
                         "<b id=\"precision\">");
    dn_html_percent(page, decision->precision.defined ? decision->precision.value : NAN);
    dn_text_append(page, "</b>, accuracy with REVIEW taken for good <b id=\"accuracy\">");
    dn_html_percent(page, decision->accuracy.defined ? decision->accuracy.value : NAN);
    dn_text_append(page, "</b></p>\n");
}

static void append_rule(dn_text *page, const dn_decision *choice) {
    dn_text_append(page,
                   "<tr><th scope=\"row\">%s<small>from %s</small></th><td><button "
                   "type=\"button\" data-try=\"",
                   choice->rule, choice->source);
    dn_html_exact(page, choice->threshold);
    dn_text_append(page, "\">");
    dn_html_score(page, choice->threshold);
    dn_text_append(page, "</button></td><td>");
    dn_html_percent(page,
                    choice->false_reject_rate.defined ? choice->false_reject_rate.value : NAN);
    dn_text_append(page, "</td><td>");
    dn_html_percent(page, choice->detection_rate.defined ? choice->detection_rate.value : NAN);
    dn_text_append(page, "</td><td>");
    dn_html_percent(page, choice->precision.defined ? choice->precision.value : NAN);
    dn_text_append(page, "<small>");
    dn_html_percent(page, choice->accuracy.defined ? choice->accuracy.value : NAN);
    dn_text_append(page, "</small></td></tr>\n");
}

/* The threshold that each rule would choose, with a button that moves the slider there. */
static void append_rules(dn_text *page, const dn_metrics *metrics) {
    if (metrics->rule_count == 0)
        return;
    dn_text_append(page,
                   "<div class=\"wide\"><table>\n<caption>What each rule for a threshold would "
                   "choose; those \"from test\" were chosen on these images</caption>\n"
                   "<thead><tr><th scope=\"col\">rule</th><th scope=\"col\">threshold</th>"
                   "<th scope=\"col\">good rejected</th><th scope=\"col\">defective "
                   "found</th><th scope=\"col\">precision<small>accuracy</small></th></tr>"
                   "</thead>\n<tbody>\n");
    for (size_t i = 0; i < metrics->rule_count; i++)
        append_rule(page, &metrics->by_rule[i]);
    dn_text_append(page, "</tbody></table></div>\n");
}

/* ---- Data for the script --------------------------------------------------------------------- */

static void append_number(dn_text *page, const char *name, double value) {
    dn_text_append(page, "\"%s\":", name);
    dn_html_exact(page, value);
    dn_text_append(page, ",");
}

/* Scores of one label or, if `kind` is not NULL, of one listed defect. */
static void append_scores(dn_text *page, const dn_report *report, int label, const char *kind) {
    char name[sizeof report->metrics->defects[0].name];
    const char *separator = "";
    dn_text_append(page, "[");
    for (size_t i = 0; i < report->sample_count; i++) {
        const dn_report_sample *sample = &report->samples[i];
        if (!dn_sample_counts(sample) || (sample->gt_label != 0) != label)
            continue;
        if (kind) {
            dn_defect_name(name, sample->defect ? sample->defect : "");
            if (strcmp(name, kind) != 0)
                continue;
        }
        dn_text_append(page, "%s", separator);
        dn_html_exact(page, sample->raw_score);
        separator = ",";
    }
    dn_text_append(page, "]");
}

static void append_data(dn_text *page, const dn_report *report, const dn_score_axis *axis,
                        double fail, double review) {
    const dn_metrics *metrics = report->metrics;
    dn_text_append(page, "<script type=\"application/json\" id=\"scores\">{");
    append_number(page, "low", axis->low);
    append_number(page, "high", axis->high);
    append_number(page, "fail", fail);
    append_number(page, "review", review);
    dn_text_append(page, "\"log\":%s,\"good\":", axis->logarithmic ? "true" : "false");
    append_scores(page, report, 0, NULL);
    dn_text_append(page, ",\"defective\":");
    append_scores(page, report, 1, NULL);
    dn_text_append(page, ",\"kinds\":[");
    for (size_t i = 0; i < metrics->defect_kinds && i < DN_MAX_DEFECTS; i++) {
        dn_text_append(page, "%s", i ? "," : "");
        append_scores(page, report, 1, metrics->defects[i].name);
    }
    dn_text_append(page, "]}</script>\n");
}

/* Without a threshold the sliders start where everything passes. */
static dn_decision starting_point(const dn_report *report, const dn_score_axis *axis) {
    const dn_metrics *metrics = report->metrics;
    dn_decision start = metrics->decision;
    if (isfinite(start.threshold))
        return start;
    start.threshold = start.review_threshold = axis->high;
    start.good = (dn_verdict_counts){.pass = metrics->good_count};
    start.defective = (dn_verdict_counts){.pass = metrics->defect_count};
    return start;
}

void dn_html_scores(dn_text *page, const dn_report *report) {
    dn_score_axis axis = dn_score_axis_of(report);
    dn_decision start = starting_point(report, &axis);
    double fail = start.threshold, review = start.review_threshold;
    if (report->metrics->good_count + report->metrics->defect_count > 0) {
        dn_text_append(page, "<section>\n<h2>Scores and thresholds</h2>\n");
        append_histogram(page, report, &axis, fail, review);
        append_slider(page, &axis, "fail", "Verdict", "FAIL", fail);
        append_slider(page, &axis, "review", "Verdict", "REVIEW", review);
        dn_text_append(page, "<p class=\"live\"><button type=\"button\" id=\"reset\">Back to the "
                             "model's thresholds</button> <span class=\"soft\">Moving them here "
                             "changes nothing in the model.</span></p>\n");
        append_matrix(page, &start);
        append_rules(page, report->metrics);
        dn_text_append(page, "</section>\n");
    }
    append_data(page, report, &axis, fail, review);
}
