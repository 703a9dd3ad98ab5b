/* Statistics, unreadable images, and where the numbers come from: folded away. */
#include "report/html/html.h"

#include <math.h>

static size_t listed(const dn_metrics *metrics) {
    return metrics->defect_kinds < DN_MAX_DEFECTS ? metrics->defect_kinds : DN_MAX_DEFECTS;
}

/* The interval as a bar from 0 to 1, with a tick at the value. */
static void append_interval(dn_text *page, const dn_statistic *statistic) {
    if (!isfinite(statistic->low) || !isfinite(statistic->high))
        return;
    dn_text_append(page, "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
                         "aria-hidden=\"true\"><path class=\"grid\" d=\"M0 4H100\" "
                         "vector-effect=\"non-scaling-stroke\"/><rect class=\"good\" y=\"2\" "
                         "height=\"4\" opacity=\".35\" x=\"");
    dn_html_fixed(page, 100 * statistic->low, 1);
    dn_text_append(page, "\" width=\"");
    dn_html_fixed(page, 100 * (statistic->high - statistic->low), 1);
    dn_text_append(page, "\"/><rect class=\"good\" y=\"0\" height=\"8\" width=\"1.5\" x=\"");
    dn_html_fixed(page, 98.5 * statistic->value, 1);
    dn_text_append(page, "\"/></svg>");
}

static void append_statistic(dn_text *page, const dn_statistic *statistic) {
    if (!statistic->defined) {
        dn_html_escape(page, statistic->reason ? statistic->reason : "not computed");
        return;
    }
    dn_html_fixed(page, statistic->value, 4);
    if (!isfinite(statistic->low) || !isfinite(statistic->high))
        return;
    dn_text_append(page, "<small>");
    dn_html_fixed(page, statistic->low, 4);
    dn_text_append(page, " to ");
    dn_html_fixed(page, statistic->high, 4);
    dn_text_append(page, "</small>");
}

static void append_defect(dn_text *page, const dn_defect_metrics *defect) {
    dn_text_append(page, "<tr><th scope=\"row\">");
    dn_html_escape(page, defect->name);
    dn_text_append(page, "</th><td>%zu</td><td class=\"interval\">", defect->count);
    append_statistic(page, &defect->image_auroc);
    if (defect->image_auroc.defined)
        append_interval(page, &defect->image_auroc);
    dn_text_append(page, "</td></tr>\n");
}

static void append_defects(dn_text *page, const dn_metrics *metrics) {
    if (metrics->defect_kinds == 0)
        return;
    dn_text_append(page, "<div class=\"wide\"><table>\n<caption>Kinds of defect, each against all "
                         "good pictures</caption>\n<thead><tr><th scope=\"col\">kind</th><th "
                         "scope=\"col\">pictures</th><th scope=\"col\">AUROC</th></tr></thead>\n"
                         "<tbody>\n");
    for (size_t i = 0; i < listed(metrics); i++)
        append_defect(page, &metrics->defects[i]);
    dn_text_append(page, "</tbody></table></div>\n");
}

static void append_figure(dn_text *page, const char *name, const dn_statistic *statistic) {
    dn_text_append(page, "<tr><th scope=\"row\">%s</th><td>", name);
    append_statistic(page, statistic);
    dn_text_append(page, "</td></tr>\n");
}

/* Only if maps were made. */
static void append_pixel_figures(dn_text *page, const dn_metrics *metrics) {
    if (!metrics->pixel_auroc.defined && !metrics->pixel_auroc.reason)
        return;
    append_figure(page, "pixel_AUROC", &metrics->pixel_auroc);
    append_figure(page, "pixel_AUPRO", &metrics->pixel_aupro);
    append_figure(page, "pixel_F1Max", &metrics->pixel_f1_max);
}

static void append_counts(dn_text *page, const dn_metrics *metrics) {
    dn_text_append(
        page,
        "<table class=\"facts\"><tbody>\n<tr><th scope=\"row\">pictures</th><td>%zu good, "
        "%zu defective",
        metrics->good_count, metrics->defect_count);
    if (metrics->unreadable_count > 0)
        dn_text_append(page, ", %zu unreadable and left out", metrics->unreadable_count);
    dn_text_append(page, "</td></tr>\n");
}

/* Rates are on the first screen and in the tables of verdicts. */
void dn_html_statistics(dn_text *page, const dn_report *report) {
    const dn_metrics *metrics = report->metrics;
    if (metrics->good_count + metrics->defect_count == 0)
        return;
    dn_html_fold(page, "Statistics");
    append_counts(page, metrics);
    append_figure(page, "image_AUROC", &metrics->image_auroc);
    append_figure(page, "image_AUPR", &metrics->image_aupr);
    append_figure(page, "image_F1Max", &metrics->image_f1_max);
    append_pixel_figures(page, metrics);
    dn_text_append(page, "<tr><th scope=\"row\">loss</th><td>");
    dn_html_fixed(page, metrics->loss, 4);
    dn_text_append(page, "</td></tr>\n</tbody></table>\n<p class=\"soft\">AUROC: the chance that a "
                         "defective picture scores above a good one. Small numbers: 95 %% "
                         "intervals.</p>\n");
    append_defects(page, metrics);
    dn_html_unfold(page);
}

static void append_unreadable(dn_text *page, const dn_report *report) {
    if (report->metrics->unreadable_count == 0)
        return;
    dn_text_append(page, "<section>\n<h2>Left out</h2>\n<p>Pictures that could not be read are not "
                         "counted on this page.</p>\n<ul>\n");
    for (size_t i = 0; i < report->sample_count; i++) {
        if (!report->samples[i].error)
            continue;
        dn_text_append(page, "<li>");
        dn_html_escape(page, report->samples[i].error);
        dn_text_append(page, "</li>\n");
    }
    dn_text_append(page, "</ul>\n</section>\n");
}

static void append_provenance(dn_text *page, const dn_report *report) {
    dn_text_append(page, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < report->pair_count; i++) {
        dn_text_append(page, "<tr><th scope=\"row\">");
        dn_html_escape(page, report->provenance[i].name);
        dn_text_append(page, "</th><td>");
        dn_html_escape(page, report->provenance[i].value ? report->provenance[i].value : "unknown");
        dn_text_append(page, "</td></tr>\n");
    }
    dn_text_append(page, "</tbody></table>\n");
}

void dn_html_origin(dn_text *page, const dn_report *report) {
    append_unreadable(page, report);
    dn_html_fold(page, "Origin and configuration");
    append_provenance(page, report);
    if (report->config) {
        dn_text_append(page, "<pre tabindex=\"0\">");
        dn_html_escape(page, report->config);
        dn_text_append(page, "</pre>\n");
    }
    dn_html_unfold(page);
}
