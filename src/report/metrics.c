#include "report/metrics.h"

#include "base/structs.h"
#include "base/text.h"
#include "config/number.h"
#include "report/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t listed_defects(const dn_metrics *metrics) {
    return metrics->defect_kinds < DN_MAX_DEFECTS ? metrics->defect_kinds : DN_MAX_DEFECTS;
}

static const char *reason_of(const dn_statistic *statistic) {
    return statistic->reason ? statistic->reason : "not computed";
}

static void add_statistic(dn_json *json, cJSON *object, const char *name,
                          const dn_statistic *statistic) {
    cJSON *member = dn_json_object(json, object, name);
    dn_json_number(json, member, "value", statistic->defined ? statistic->value : NAN);
    dn_json_number(json, member, "low", statistic->defined ? statistic->low : NAN);
    dn_json_number(json, member, "high", statistic->defined ? statistic->high : NAN);
    if (!statistic->defined)
        dn_json_text(json, member, "reason", reason_of(statistic));
}

static void add_counts(dn_json *json, cJSON *object, const char *name,
                       const dn_verdict_counts *counts) {
    cJSON *member = dn_json_object(json, object, name);
    dn_json_count(json, member, "PASS", counts->pass);
    dn_json_count(json, member, "REVIEW", counts->review);
    dn_json_count(json, member, "FAIL", counts->fail);
}

/* The confusion matrix, with REVIEW. */
static void add_decision(dn_json *json, cJSON *object, const dn_decision *decision) {
    dn_json_text(json, object, "rule", decision->rule);
    dn_json_text(json, object, "source", decision->source);
    dn_json_number(json, object, "threshold", decision->threshold);
    dn_json_number(json, object, "review_threshold", decision->review_threshold);
    dn_json_flag(json, object, "tuned_on_test_set", decision->tuned);
    add_counts(json, object, "good", &decision->good);
    add_counts(json, object, "defective", &decision->defective);
    add_statistic(json, object, "false_reject_rate", &decision->false_reject_rate);
    add_statistic(json, object, "detection_rate", &decision->detection_rate);
    add_statistic(json, object, "precision", &decision->precision);
    add_statistic(json, object, "accuracy", &decision->accuracy);
}

/* Only if maps were made. */
static int measures_pixels(const dn_metrics *metrics) {
    return metrics->pixel_auroc.defined || metrics->pixel_auroc.reason != NULL;
}

static int measures_regions(const dn_metrics *metrics) {
    return metrics->good_marked.defined || metrics->good_marked.reason != NULL;
}

void dn_metrics_to_json(dn_json *json, const dn_metrics *metrics) {
    cJSON *root = json->root;
    add_statistic(json, root, "image_AUROC", &metrics->image_auroc);
    add_statistic(json, root, "image_AUPR", &metrics->image_aupr);
    add_statistic(json, root, "image_F1Max", &metrics->image_f1_max);
    dn_json_number(json, root, "f1_max_threshold", metrics->f1_max_threshold);
    if (measures_pixels(metrics)) {
        add_statistic(json, root, "pixel_AUROC", &metrics->pixel_auroc);
        add_statistic(json, root, "pixel_AUPRO", &metrics->pixel_aupro);
        add_statistic(json, root, "pixel_F1Max", &metrics->pixel_f1_max);
        dn_json_number(json, root, "pixel_f1_max_threshold", metrics->pixel_f1_max_threshold);
    }
    if (measures_regions(metrics)) {
        add_statistic(json, root, "defects_touched", &metrics->defects_touched);
        add_statistic(json, root, "good_marked", &metrics->good_marked);
    }
    dn_json_number(json, root, "loss", metrics->loss);
    dn_json_count(json, root, "good_count", metrics->good_count);
    dn_json_count(json, root, "defect_count", metrics->defect_count);
    dn_json_count(json, root, "unreadable_count", metrics->unreadable_count);
    dn_json_count(json, root, "defect_kinds", metrics->defect_kinds);
    add_decision(json, dn_json_object(json, root, "decision"), &metrics->decision);
    cJSON *rules = dn_json_array(json, root, "by_rule");
    for (size_t i = 0; i < metrics->rule_count; i++)
        add_decision(json, dn_json_item(json, rules), &metrics->by_rule[i]);
    cJSON *defects = dn_json_array(json, root, "defects");
    for (size_t i = 0; i < listed_defects(metrics); i++) {
        cJSON *item = dn_json_item(json, defects);
        dn_json_text(json, item, "defect", metrics->defects[i].name);
        dn_json_count(json, item, "count", metrics->defects[i].count);
        add_counts(json, item, "verdicts", &metrics->defects[i].verdicts);
        add_statistic(json, item, "image_AUROC", &metrics->defects[i].image_auroc);
    }
}

/* "0.9876" */
static void append_fixed(dn_text *text, double value) {
    char number[DN_NUMBER_SIZE];
    dn_number_print_fixed(number, value, 4);
    dn_text_append(text, "%s", number);
}

/* "0.9876   95 % interval 0.9123 to 1.0000", or "undefined (reason)" */
static void append_statistic(dn_text *text, const dn_statistic *statistic) {
    if (!statistic->defined) {
        dn_text_append(text, "undefined (%s)", reason_of(statistic));
        return;
    }
    append_fixed(text, statistic->value);
    if (!isfinite(statistic->low) || !isfinite(statistic->high))
        return;
    dn_text_append(text, "  95 %% interval ");
    append_fixed(text, statistic->low);
    dn_text_append(text, " to ");
    append_fixed(text, statistic->high);
}

enum { LABEL_WIDTH = 14 };

static void append_row(dn_text *text, const char *label, const dn_statistic *statistic) {
    dn_text_append(text, "%-*s", LABEL_WIDTH, label);
    append_statistic(text, statistic);
}

/* What people look at: "defects whose mask a region touches", "good images with a region". */
static void append_regions(dn_text *text, const dn_metrics *metrics) {
    dn_text_append(text, "\n");
    append_row(text, "touched", &metrics->defects_touched);
    dn_text_append(text, "  of defective images: a region on the mask\n");
    append_row(text, "marked", &metrics->good_marked);
    dn_text_append(text, "  of good images: a region");
}

static void append_totals(dn_text *text, const dn_metrics *metrics) {
    dn_text_append(text, "%-*s%zu good, %zu defective", LABEL_WIDTH, "images", metrics->good_count,
                   metrics->defect_count);
    if (metrics->unreadable_count > 0)
        dn_text_append(text, ", %zu unreadable and left out", metrics->unreadable_count);
    dn_text_append(text, "\n%-*s", LABEL_WIDTH, "loss");
    if (isfinite(metrics->loss))
        append_fixed(text, metrics->loss);
    else
        dn_text_append(text, "undefined");
    dn_text_append(text, "\n");
    append_row(text, "image_AUROC", &metrics->image_auroc);
    dn_text_append(text, "\n");
    append_row(text, "image_AUPR", &metrics->image_aupr);
    dn_text_append(text, "\n");
    append_row(text, "image_F1Max", &metrics->image_f1_max);
    if (metrics->image_f1_max.defined && isfinite(metrics->f1_max_threshold)) {
        dn_text_append(text, "  from raw_score ");
        append_fixed(text, metrics->f1_max_threshold);
    }
    if (measures_pixels(metrics)) {
        dn_text_append(text, "\n");
        append_row(text, "pixel_AUROC", &metrics->pixel_auroc);
        dn_text_append(text, "\n");
        append_row(text, "pixel_AUPRO", &metrics->pixel_aupro);
        dn_text_append(text, "\n");
        append_row(text, "pixel_F1Max", &metrics->pixel_f1_max);
    }
    if (measures_regions(metrics))
        append_regions(text, metrics);
    dn_text_append(text, "\n");
}

static size_t total_count(const dn_verdict_counts *counts) {
    return counts->pass + counts->review + counts->fail;
}

static void append_decision(dn_text *text, const dn_decision *decision) {
    if (!isfinite(decision->threshold) ||
        total_count(&decision->good) + total_count(&decision->defective) == 0)
        return;
    dn_text_append(text, "%-*s", LABEL_WIDTH, "threshold");
    append_fixed(text, decision->threshold);
    if (decision->review_threshold < decision->threshold) {
        dn_text_append(text, ", review from ");
        append_fixed(text, decision->review_threshold);
    }
    size_t good = total_count(&decision->good), defective = total_count(&decision->defective);
    if (good > 0)
        dn_text_append(text, ": rejects %zu of %zu good", decision->good.fail, good);
    if (defective > 0)
        dn_text_append(text, "%s finds %zu of %zu defective", good > 0 ? "," : ":",
                       decision->defective.fail, defective);
    if (decision->good.review + decision->defective.review > 0)
        dn_text_append(text, ", %zu and %zu for review", decision->good.review,
                       decision->defective.review);
    dn_text_append(text, "%s\n", decision->tuned ? " (tuned on these images)" : "");
}

static void append_rule(dn_text *text, const dn_decision *decision) {
    dn_text_append(text, "%-12s%-13s", decision->rule, decision->source);
    char threshold[DN_NUMBER_SIZE];
    dn_number_print_fixed(threshold, decision->threshold, 4);
    dn_text_append(text, "%-10s", threshold);
    const size_t counts[] = {decision->good.fail, total_count(&decision->good),
                             decision->defective.fail, total_count(&decision->defective)};
    dn_text_append(text, "  %4zu of %-4zu  %4zu of %-4zu  ", counts[0], counts[1], counts[2],
                   counts[3]);
    const dn_statistic *const shares[] = {&decision->accuracy, &decision->precision,
                                          &decision->detection_rate};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        dn_text_append(text, "  ");
        if (shares[i]->defined)
            append_fixed(text, shares[i]->value);
        else
            dn_text_append(text, "     -");
    }
    dn_text_append(text, "%s\n", decision->tuned ? "  tuned on these images" : "");
}

static void append_rules(dn_text *text, const dn_metrics *metrics) {
    if (metrics->rule_count == 0)
        return;
    dn_text_append(text, "\n%-12s%-13s%s\n", "rule", "chosen on",
                   "threshold   good rejected  defects found  accuracy  precision  recall");
    for (size_t i = 0; i < metrics->rule_count; i++)
        append_rule(text, &metrics->by_rule[i]);
}

/* The width on the screen: approximately the number of characters. */
static size_t shown_width(const char *name) {
    size_t width = 0;
    for (; *name; name++)
        width += ((unsigned char)*name & 0xc0) != 0x80;
    return width;
}

static void append_padded(dn_text *text, const char *name, size_t width) {
    dn_utf8_append(text, name);
    for (size_t i = shown_width(name); i < width; i++)
        dn_text_append(text, " ");
}

static void append_defects(dn_text *text, const dn_metrics *metrics) {
    size_t count = listed_defects(metrics), width = strlen("defect");
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (shown_width(metrics->defects[i].name) > width)
            width = shown_width(metrics->defects[i].name);
    dn_text_append(text, "\n%-*s  images  image_AUROC against all good\n", (int)width, "defect");
    for (size_t i = 0; i < count; i++) {
        append_padded(text, metrics->defects[i].name, width);
        dn_text_append(text, "  %6zu  ", metrics->defects[i].count);
        append_statistic(text, &metrics->defects[i].image_auroc);
        dn_text_append(text, "\n");
    }
    if (metrics->defect_kinds > count)
        dn_text_append(text, "and %zu more kinds of defect\n", metrics->defect_kinds - count);
}

static dn_status metrics_table(const dn_metrics *metrics, char **table, dn_error *error) {
    dn_text text = {0};
    append_totals(&text, metrics);
    append_decision(&text, &metrics->decision);
    append_rules(&text, metrics);
    append_defects(&text, metrics);
    dn_text_append(&text, "\nimage_AUROC: ");
    if (metrics->image_auroc.defined)
        append_fixed(&text, metrics->image_auroc.value);
    else
        dn_text_append(&text, "undefined (%s)", reason_of(&metrics->image_auroc));
    dn_text_append(&text, "\n");
    return dn_text_take(&text, table, error);
}

dn_status dn_metrics_text(const dn_metrics *metrics, int json, char **text, dn_error *error) {
    dn_metrics known;
    *text = NULL;
    DN_TRY(dn_struct_read(&dn_struct_metrics, &known, metrics, error));
    if (!json)
        return metrics_table(&known, text, error);
    dn_json tree = dn_json_begin();
    dn_metrics_to_json(&tree, &known);
    return dn_json_take(&tree, 1, text, error);
}
