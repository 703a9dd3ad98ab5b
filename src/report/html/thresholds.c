/* Sliders and rules that try other thresholds on the scores, for the script. */
#include "metrics/verdict_counts.h"
#include "report/html/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 1000 };

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

static size_t listed(const dn_metrics *metrics) {
    return metrics->defect_kinds < DN_MAX_DEFECTS ? metrics->defect_kinds : DN_MAX_DEFECTS;
}

/* ---- Verdicts -------------------------------------------------------------------------------- */

static void append_cell(dn_text *page, size_t count, size_t total, int verdict, int wrong) {
    dn_text_append(page, "<td data-verdict=\"%d\"%s>%zu<small>", verdict,
                   wrong ? " class=\"wrong\"" : "", count);
    dn_html_rate(page, total ? (double)count / (double)total : NAN, total);
    dn_text_append(page, "</small></td>");
}

/* `scores` (NULL: the row does not move) names the list of scores that the script counts. */
static void append_counts(dn_text *page, const char *label, const char *scores,
                          const dn_verdict_counts *counts, int defective) {
    size_t total = dn_html_total(counts);
    if (total == 0)
        return;
    dn_text_append(page, "<tr");
    if (scores)
        dn_text_append(page, " data-scores=\"%s\"", scores);
    dn_text_append(page, "><th scope=\"row\">%zu ", total);
    dn_html_escape(page, label);
    dn_text_append(page, "</th>");
    append_cell(page, counts->pass, total, 0, defective);
    append_cell(page, counts->review, total, 1, 0);
    append_cell(page, counts->fail, total, 2, !defective);
    dn_text_append(page, "</tr>\n");
}

static void append_kinds(dn_text *page, const dn_metrics *metrics, int moves) {
    char number[24];
    int judged = isfinite(metrics->decision.threshold);
    for (size_t i = 0; i < listed(metrics); i++) {
        const dn_defect_metrics *defect = &metrics->defects[i];
        const dn_verdict_counts all_pass = {.pass = defect->count};
        snprintf(number, sizeof number, "%zu", i);
        append_counts(page, defect->name, moves ? number : NULL,
                      judged ? &defect->verdicts : &all_pass, 1);
    }
}

static void append_matrix(dn_text *page, const dn_metrics *metrics, const dn_decision *decision,
                          int moves, const char *caption) {
    dn_text_append(page,
                   "<div class=\"wide\"><table>\n<caption>%s</caption>\n<thead><tr><td></td>"
                   "<th scope=\"col\">PASS</th><th scope=\"col\">REVIEW</th><th scope=\"col\">FAIL"
                   "</th></tr></thead>\n<tbody>\n",
                   caption);
    append_counts(page, "good", moves ? "good" : NULL, &decision->good, 0);
    append_counts(page, "defective", moves ? "defective" : NULL, &decision->defective, 1);
    if (metrics->defect_kinds > 1 || moves)
        append_kinds(page, metrics, moves);
    dn_text_append(page, "</tbody></table></div>\n");
    if (metrics->defect_kinds > listed(metrics))
        dn_text_append(page, "<p class=\"soft\">And %zu more kinds of defect.</p>\n",
                       metrics->defect_kinds - listed(metrics));
}

void dn_html_verdicts(dn_text *page, const dn_report *report) {
    const dn_metrics *metrics = report->metrics;
    if (metrics->good_count + metrics->defect_count == 0 || !isfinite(metrics->decision.threshold))
        return;
    dn_text_append(page, "<section>\n<h2>Verdicts</h2>\n");
    append_matrix(page, metrics, &metrics->decision, 0,
                  "PASS: accepted. REVIEW: a person looks. FAIL: rejected. Wrong verdicts in bold; "
                  "REVIEW is not wrong");
    dn_text_append(page, "</section>\n");
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static void append_optional(dn_text *page, const dn_statistic *share, size_t whole) {
    dn_html_rate(page, share->defined ? share->value : NAN, whole);
}

static void append_rule(dn_text *page, const dn_decision *choice) {
    const char *name = dn_html_rule_name(choice->rule);
    const char *sentence = dn_html_rule_sentence(choice->rule);
    size_t good = dn_html_total(&choice->good), bad = dn_html_total(&choice->defective);
    dn_text_append(page,
                   "<tr><th scope=\"row\">%s<small>%s%s</small></th><td><button "
                   "type=\"button\" data-try=\"",
                   name ? name : "another rule", sentence ? sentence : "",
                   choice->tuned ? " (chosen on these pictures)" : "");
    dn_html_exact(page, choice->threshold);
    dn_text_append(page, "\">");
    dn_html_score(page, choice->threshold);
    dn_text_append(page, "</button></td><td>");
    append_optional(page, &choice->false_reject_rate, good);
    dn_text_append(page, "</td><td>");
    append_optional(page, &choice->detection_rate, bad);
    dn_text_append(page, "</td></tr>\n");
}

/* The threshold that each rule would choose, with a button that moves the slider there. */
static void append_rules(dn_text *page, const dn_metrics *metrics) {
    if (metrics->rule_count == 0)
        return;
    dn_text_append(page,
                   "<div class=\"wide\"><table class=\"rules\">\n<caption>What other rules "
                   "for the threshold would choose</caption>\n<thead><tr><th scope=\"col\">rule"
                   "</th><th scope=\"col\">threshold</th><th scope=\"col\">good rejected</th>"
                   "<th scope=\"col\">defective rejected</th></tr></thead>\n<tbody>\n");
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
    for (size_t i = 0; i < listed(metrics); i++) {
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

static void append_precision(dn_text *page, const dn_decision *start) {
    size_t rejected = start->good.fail + start->defective.fail;
    size_t all = dn_html_total(&start->good) + dn_html_total(&start->defective);
    dn_text_append(page, "<p class=\"soft\">Of the rejected parts <b id=\"precision\">");
    append_optional(page, &start->precision, rejected);
    dn_text_append(page, "</b> are defective (precision); accuracy, with REVIEW taken for good, "
                         "<b id=\"accuracy\">");
    append_optional(page, &start->accuracy, all);
    dn_text_append(page, "</b>.</p>\n");
}

void dn_html_thresholds(dn_text *page, const dn_report *report) {
    const dn_metrics *metrics = report->metrics;
    dn_score_axis axis = dn_score_axis_of(report);
    dn_decision start = starting_point(report, &axis);
    double fail = start.threshold, review = start.review_threshold;
    if (metrics->good_count + metrics->defect_count > 0) {
        dn_html_fold(page, "Try other thresholds");
        append_slider(page, &axis, "fail", "Verdict", "FAIL", fail);
        append_slider(page, &axis, "review", "Verdict", "REVIEW", review);
        dn_text_append(page,
                       "<p class=\"live\"><button type=\"button\" id=\"reset\">Back to the "
                       "model's thresholds</button> <span class=\"soft\">The histogram and the "
                       "curves follow; every picture counts by its score alone. Nothing in the "
                       "model changes.</span></p>\n");
        append_matrix(page, metrics, &start, 1, "Verdicts at these thresholds; wrong ones in bold");
        append_precision(page, &start);
        append_rules(page, metrics);
        dn_html_unfold(page);
    }
    append_data(page, report, &axis, fail, review);
}
