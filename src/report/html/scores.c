/* The scores of good and defective images between the thresholds. */
#include "report/html/html.h"

#include <math.h>

enum { BINS = 50, WIDTH = 1000, HALF = 100, TICKS = 7 };

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

/* Without a test set the scores that the thresholds come from are all there is. */
static int shows_held_out(const dn_report *report) {
    return report->metrics->good_count + report->metrics->defect_count == 0;
}

dn_score_axis dn_score_axis_of(const dn_report *report) {
    dn_score_axis axis = {INFINITY, -INFINITY, 0};
    for (size_t i = 0; i < report->sample_count; i++)
        if (dn_sample_counts(&report->samples[i]))
            include(&axis, report->samples[i].raw_score);
    for (size_t i = 0; shows_held_out(report) && i < report->held_out_count; i++)
        include(&axis, report->held_out[i]);
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

static void count_score(histogram *counts, const dn_score_axis *axis, double score, int kind) {
    int bin = (int)(dn_score_share(axis, score) * BINS);
    counts->bins[kind][bin < BINS ? bin : BINS - 1]++;
    counts->totals[kind]++;
}

static void fill_histogram(const dn_report *report, const dn_score_axis *axis, histogram *counts) {
    *counts = (histogram){0};
    for (size_t i = 0; i < report->sample_count; i++)
        if (dn_sample_counts(&report->samples[i]))
            count_score(counts, axis, report->samples[i].raw_score,
                        report->samples[i].gt_label != 0);
    for (size_t i = 0; shows_held_out(report) && i < report->held_out_count; i++)
        count_score(counts, axis, report->held_out[i], 0);
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

static void append_key(dn_text *page, const dn_report *report, const dn_score_axis *axis) {
    const dn_metrics *metrics = report->metrics;
    dn_text_append(page, "<p class=\"legend\"><span><span class=\"swatch good\"></span>");
    if (shows_held_out(report))
        dn_text_append(page, "%zu good parts held out of training</span> ", report->held_out_count);
    else
        dn_text_append(page, "%zu good, above the line</span> ", metrics->good_count);
    if (metrics->defect_count > 0)
        dn_text_append(page,
                       "<span><span class=\"swatch bad\"></span>%zu defective, below it</span> ",
                       metrics->defect_count);
    dn_text_append(page, "<span class=\"soft\">(height: share of each; axis: score%s)</span></p>\n",
                   axis->logarithmic ? ", logarithmic" : "");
}

static void append_histogram(dn_text *page, const dn_report *report, const dn_score_axis *axis,
                             double fail, double review) {
    append_key(page, report, axis);
    /* Where everything passes there are no thresholds to show. */
    dn_text_append(page, "<div class=\"histogram%s%s\" id=\"histogram\" style=\"--fail-at:",
                   review < fail ? "" : " bandless", fail < axis->high ? "" : " unjudged");
    dn_html_fixed(page, 100 * dn_score_share(axis, fail), 3);
    dn_text_append(page, "%%;--review-at:");
    dn_html_fixed(page, 100 * dn_score_share(axis, review), 3);
    dn_text_append(page, "%%\">\n<div class=\"zone review\"><span>REVIEW</span></div>"
                         "<div class=\"zone fail\"><span>FAIL</span></div>\n");
    append_bars(page, report, axis);
    dn_text_append(page, "</div>\n");
    append_ticks(page, axis);
}

static void append_origin(dn_text *page, const dn_decision *decision) {
    const char *source = dn_html_source(decision->source);
    if (source)
        dn_text_append(page, "<p class=\"soft\">The thresholds come from %s.</p>\n", source);
}

void dn_html_scores(dn_text *page, const dn_report *report) {
    const dn_decision *decision = &report->metrics->decision;
    if (shows_held_out(report) && report->held_out_count == 0)
        return;
    dn_score_axis axis = dn_score_axis_of(report);
    int judged = isfinite(decision->threshold);
    dn_text_append(page, "<section>\n<h2>Scores and thresholds</h2>\n");
    append_histogram(page, report, &axis, judged ? decision->threshold : axis.high,
                     judged ? decision->review_threshold : axis.high);
    append_origin(page, decision);
    dn_text_append(page, "</section>\n");
}
