/* The first screen: the verdict in words, what limits it, what it is about, and the counts. */
#include "metrics/verdict_counts.h"
#include "report/html/html.h"
#include "report/time.h"

#include <math.h>
#include <string.h>

/* ---- The verdict in words -------------------------------------------------------------------- */

static int promises(const dn_report *report) {
    return report->promised_rate > 0 && isfinite(report->promised_rate);
}

/* "Of 100 good parts at most 1": a whole number of the fewest parts that lose less than a tenth. */
static void say_promise(dn_text *page, const dn_report *report) {
    size_t parts = 100, most;
    if (!promises(report))
        return;
    for (;; parts *= 10) {
        most = (size_t)ceil((double)parts * report->promised_rate - 1e-9);
        if ((double)most <= 1.1 * (double)parts * report->promised_rate || parts >= 100000)
            break;
    }
    dn_text_append(page,
                   "Of <b>%zu</b> good parts this model rejects <b>at most %zu</b> on average. ",
                   parts, most);
}

static void say_good(dn_text *page, const dn_decision *decision) {
    size_t good = dn_html_total(&decision->good);
    if (good == 0)
        return;
    dn_text_append(page, "Of the <b>%zu good parts</b> shown, it rejects <b>%zu</b>", good,
                   decision->good.fail);
    if (decision->good.review > 0)
        dn_text_append(page, " and sends <b>%zu</b> to review", decision->good.review);
    dn_text_append(page, ". ");
}

static void say_defective(dn_text *page, const dn_decision *decision) {
    const dn_verdict_counts *counts = &decision->defective;
    size_t defective = dn_html_total(counts);
    if (defective == 0)
        return;
    dn_text_append(page, "Of the <b>%zu defective parts</b> shown, it rejects <b>%zu</b>",
                   defective, counts->fail);
    if (counts->review > 0)
        dn_text_append(page, " and sends <b>%zu</b> to review", counts->review);
    if (counts->pass > 0)
        dn_text_append(page, "; it misses <b>%zu</b>.", counts->pass);
    else
        dn_text_append(page, "; it misses none.");
}

static void say_verdict(dn_text *page, const dn_report *report) {
    const dn_decision *decision = &report->metrics->decision;
    int judged = isfinite(decision->threshold);
    if (!judged && !promises(report))
        return;
    dn_text_append(page, "<p class=\"lead\">");
    say_promise(page, report);
    if (judged) {
        say_good(page, decision);
        say_defective(page, decision);
    }
    dn_text_append(page, "</p>\n");
}

/* ---- What limits it: as large as the numbers ------------------------------------------------- */

static void warn(dn_text *page, const char *words) {
    dn_text_append(page, "<p class=\"lead notice\">%s</p>\n", words);
}

static void say_lack(dn_text *page, const dn_metrics *metrics) {
    if (metrics->good_count + metrics->defect_count == 0)
        warn(page,
             "There was no test set, so nothing was measured. The model can be used; how well "
             "it tells good parts from defective ones is unknown. To measure it, run "
             "<code>differnet test</code> with good and defective pictures.");
    else if (metrics->defect_count == 0)
        warn(page, "The test set holds no defective pictures: what the model misses is unknown.");
    else if (metrics->good_count == 0)
        warn(page,
             "The test set holds no good pictures: how often the model rejects a good part is "
             "unknown.");
}

static void say_no_threshold(dn_text *page, const dn_report *report) {
    if (!isfinite(report->metrics->decision.threshold) && !promises(report))
        warn(page, "The model has no thresholds, so it gives scores and no verdicts. Set them from "
                   "a folder of good pictures that training has not seen: <code>differnet "
                   "calibrate</code>.");
}

/* A threshold chosen on the test set cannot be judged by it. */
static void say_tuned(dn_text *page, const dn_decision *decision) {
    if (!isfinite(decision->threshold) || !decision->tuned)
        return;
    warn(page, "The threshold was chosen on the pictures of this test. Expect worse on new ones: "
               "calibrate with good pictures that neither training nor this test has seen "
               "(<code>differnet calibrate</code>).");
}

static void say_shortfall(dn_text *page, const dn_report *report) {
    if (!report->warning)
        return;
    dn_text_append(page, "<p class=\"lead notice\">");
    dn_html_escape(page, report->warning);
    dn_text_append(page, ".</p>\n");
}

/* ---- What it is about ------------------------------------------------------------------------ */

static void fact(dn_text *page, const char *name, const char *value) {
    if (!value || !*value)
        return;
    dn_text_append(page, "<div><dt>%s</dt><dd>", name);
    dn_html_escape(page, value);
    dn_text_append(page, "</dd></div>\n");
}

/* "2026-11-29 06:21 UTC" */
static void time_fact(dn_text *page, int64_t time_ms) {
    char text[DN_TIME_SIZE], shown[DN_TIME_SIZE];
    if (!dn_time_print(text, time_ms))
        return;
    text[10] = ' ';
    snprintf(shown, sizeof shown, "%.16s UTC", text);
    fact(page, "Made", shown);
}

static void threshold_fact(dn_text *page, const dn_decision *decision) {
    const char *sentence = dn_html_rule_sentence(decision->rule);
    if (!isfinite(decision->threshold))
        return;
    dn_text_append(page, "<div><dt>Rejected (FAIL)</dt><dd>score above ");
    dn_html_score(page, decision->threshold);
    if (sentence)
        dn_text_append(page, ": %s", sentence);
    if (decision->review_threshold < decision->threshold) {
        dn_text_append(page, "</dd></div>\n<div><dt>For a person (REVIEW)</dt><dd>score above ");
        dn_html_score(page, decision->review_threshold);
    }
    dn_text_append(page, "</dd></div>\n");
}

static void append_about(dn_text *page, const dn_report *report) {
    dn_text_append(page, "<dl class=\"about\">\n");
    fact(page, "Product", report->title);
    time_fact(page, report->time_ms);
    fact(page, "Model", report->model_id);
    fact(page, "Pictures", report->dataset);
    threshold_fact(page, &report->metrics->decision);
    fact(page, "Note", report->note);
    dn_text_append(page, "</dl>\n");
}

/* ---- The counts ------------------------------------------------------------------------------ */

static void tile(dn_text *page, const char *name, size_t part, size_t whole, int tuned) {
    dn_statistic share = dn_proportion(part, whole, NULL);
    if (whole == 0)
        return;
    dn_text_append(page, "<div><dt>%s</dt><dd><strong>%zu of %zu</strong><span class=\"soft\">",
                   name, part, whole);
    dn_html_rate(page, share.value, whole);
    dn_text_append(page, "; in general ");
    dn_html_percent(page, share.low, whole);
    dn_text_append(page, " to ");
    dn_html_rate(page, share.high, whole);
    dn_text_append(page, "</span>%s</dd></div>\n",
                   tuned ? "<b class=\"limit\">threshold chosen on these pictures</b>" : "");
}

static void append_tiles(dn_text *page, const dn_decision *decision) {
    const dn_verdict_counts *good = &decision->good, *bad = &decision->defective;
    int tuned = decision->tuned;
    dn_text_append(page, "<dl class=\"figures\">\n");
    tile(page, "good parts rejected", good->fail, dn_html_total(good), tuned);
    if (dn_html_total(bad) == 0)
        tile(page, "good parts for review", good->review, dn_html_total(good), tuned);
    tile(page, "defective parts rejected", bad->fail, dn_html_total(bad), tuned);
    if (bad->review > 0)
        tile(page, "defective parts for review", bad->review, dn_html_total(bad), tuned);
    tile(page, "defective parts missed", bad->pass, dn_html_total(bad), tuned);
    dn_text_append(page, "</dl>\n<p class=\"soft\">\"In general\": 95 %% interval. It covers the "
                         "chance in which pictures were taken for the test, not parts unlike all "
                         "of them.</p>\n");
}

void dn_html_headline(dn_text *page, const dn_report *report) {
    const dn_metrics *metrics = report->metrics;
    say_verdict(page, report);
    say_lack(page, metrics);
    say_no_threshold(page, report);
    say_tuned(page, &metrics->decision);
    say_shortfall(page, report);
    if (isfinite(metrics->decision.threshold) && metrics->good_count + metrics->defect_count > 0)
        append_tiles(page, &metrics->decision);
    append_about(page, report);
    dn_text_append(page, "</header>\n");
}
