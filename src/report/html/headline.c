/* The first screen: how good is it, at which threshold, what does it reject? */
#include "report/html/html.h"

#include <math.h>
#include <string.h>

static size_t total_count(const dn_verdict_counts *counts) {
    return counts->pass + counts->review + counts->fail;
}

static void say_rejects(dn_text *page, const dn_decision *decision) {
    size_t good = total_count(&decision->good), defective = total_count(&decision->defective);
    dn_text_append(page, "<p class=\"lead\">At threshold <b>");
    dn_html_score(page, decision->threshold);
    dn_text_append(page, "</b> the model ");
    if (good > 0)
        dn_text_append(page, "rejects <b>%zu of %zu</b> good parts", decision->good.fail, good);
    if (good > 0 && defective > 0)
        dn_text_append(page, " and ");
    if (defective > 0)
        dn_text_append(page, "finds <b>%zu of %zu</b> defective ones", decision->defective.fail,
                       defective);
    dn_text_append(page, ".");
    if (decision->review_threshold < decision->threshold)
        dn_text_append(page,
                       " Another <b>%zu</b> good and <b>%zu</b> defective parts, above a score of "
                       "<b>",
                       decision->good.review, decision->defective.review);
    if (decision->review_threshold < decision->threshold) {
        dn_html_score(page, decision->review_threshold);
        dn_text_append(page, "</b>, are for review.");
    }
    dn_text_append(page, "</p>\n");
}

static void say_lack(dn_text *page, const dn_metrics *metrics) {
    const char *said = NULL;
    if (metrics->good_count + metrics->defect_count == 0)
        said =
            "There was no test set, so nothing was measured. The model can be used; how well it "
            "tells good parts from defective ones is unknown. Put labelled images into test/ and "
            "run <code>differnet test</code>.";
    else if (metrics->defect_count == 0)
        said =
            "The test set holds no defective images: what the model overlooks, and any AUROC, is "
            "unknown.";
    else if (metrics->good_count == 0)
        said =
            "The test set holds no good images: how often the model rejects a good part, and any "
            "AUROC, is unknown.";
    if (said)
        dn_text_append(page, "<p class=\"notice\">%s</p>\n", said);
}

/* The source of the calibration scores. */
static const char *origin_of(const dn_decision *decision) {
    static const struct {
        const char *source, *words;
    } origins[] = {
        {"validate", "images in validate/, which training has not seen"},
        {"val_fraction", "a part of train/good/ that was kept out of the training"},
        {"cross_fit", "train/good/, each image scored by a model that had not seen it"},
        {"calibrate", "the images given to <code>differnet calibrate</code>"},
        {"test", "the images of this test"},
    };
    for (size_t i = 0; i < sizeof origins / sizeof *origins && decision->source; i++)
        if (strcmp(origins[i].source, decision->source) == 0)
            return origins[i].words;
    return NULL;
}

/* A threshold chosen on the test set cannot be judged by it. */
static void say_source(dn_text *page, const dn_decision *decision) {
    const char *origin = origin_of(decision);
    if (!isfinite(decision->threshold) || (!decision->rule && !decision->tuned))
        return;
    dn_text_append(page, "<p class=\"%s\">", decision->tuned ? "notice" : "soft");
    if (decision->rule && origin)
        dn_text_append(page, "The threshold is set by the rule <b>%s</b> from %s.", decision->rule,
                       origin);
    else if (decision->rule)
        dn_text_append(page, "The threshold is set by the rule <b>%s</b>.", decision->rule);
    else
        dn_text_append(page, "This threshold is the one with the largest F1 on the images of this "
                             "test.");
    if (decision->tuned)
        dn_text_append(page, " Expect worse on new ones: a threshold that promises a false-reject "
                             "rate comes from good images that neither training nor this test has "
                             "seen.");
    dn_text_append(page, "</p>\n");
}

static void append_value(dn_text *page, double value, int as_percent) {
    if (as_percent)
        dn_html_percent(page, value);
    else
        dn_html_fixed(page, value, 4);
}

static void append_interval(dn_text *page, const dn_statistic *statistic, int as_percent) {
    if (!isfinite(statistic->low) || !isfinite(statistic->high))
        return;
    dn_text_append(page, "95 %% interval ");
    if (as_percent)
        dn_html_fixed(page, 100 * statistic->low, 1);
    else
        append_value(page, statistic->low, 0);
    dn_text_append(page, " to ");
    append_value(page, statistic->high, as_percent);
}

/* A share is shown as a percentage with its counts; other figures have whole == 0. */
static void tile(dn_text *page, const char *name, const dn_statistic *statistic, size_t part,
                 size_t whole) {
    dn_text_append(page, "<div><dt>%s</dt><dd><strong>", name);
    append_value(page, statistic->defined ? statistic->value : NAN, whole > 0);
    dn_text_append(page, "</strong><span class=\"soft\">");
    if (!statistic->defined)
        dn_html_escape(page, statistic->reason ? statistic->reason : "not computed");
    else if (whole > 0)
        dn_text_append(page, "%zu of %zu<br>", part, whole);
    if (statistic->defined)
        append_interval(page, statistic, whole > 0);
    dn_text_append(page, "</span></dd></div>\n");
}

/* One minus a share; its interval swaps ends. */
static dn_statistic rest_of(const dn_statistic *share) {
    dn_statistic rest = *share;
    rest.value = 1 - share->value;
    rest.low = 1 - share->high;
    rest.high = 1 - share->low;
    return rest;
}

static void append_tiles(dn_text *page, const dn_metrics *metrics) {
    const dn_decision *decision = &metrics->decision;
    dn_statistic overlooked = rest_of(&decision->detection_rate);
    dn_text_append(page, "<dl class=\"figures\">\n");
    tile(page, "image_AUROC", &metrics->image_auroc, 0, 0);
    tile(page, "good parts rejected", &decision->false_reject_rate, decision->good.fail,
         total_count(&decision->good));
    tile(page, "defective parts not rejected", &overlooked,
         decision->defective.pass + decision->defective.review, total_count(&decision->defective));
    tile(page, "image_AUPR", &metrics->image_aupr, 0, 0);
    dn_text_append(page, "</dl>\n");
}

void dn_html_headline(dn_text *page, const dn_report *report) {
    const dn_metrics *metrics = report->metrics;
    if (isfinite(metrics->decision.threshold) &&
        total_count(&metrics->decision.good) + total_count(&metrics->decision.defective) > 0)
        say_rejects(page, &metrics->decision);
    say_lack(page, metrics);
    say_source(page, &metrics->decision);
    dn_text_append(page, "</header>\n");
    if (metrics->good_count + metrics->defect_count > 0)
        append_tiles(page, metrics);
}
