/* ROC and precision-recall curves, and the training curves. */
#include "report/html/html.h"
#include "report/html/plot.h"

#include <math.h>

static void append_roc(dn_text *page, const dn_report *report) {
    const dn_decision *decision = &report->metrics->decision;
    const dn_plot plot = {0, 1, 0, 1, "ROC curve", "good parts rejected", "defective parts found"};
    dn_text_append(page, "<figure>\n<h3>ROC</h3>\n");
    dn_plot_begin(page, &plot);
    dn_plot_curve chance = dn_plot_curve_begin(page, &plot, "chance");
    dn_plot_curve_to(&chance, 0, 0);
    dn_plot_curve_to(&chance, 1, 1);
    dn_plot_curve_end(&chance);
    dn_plot_curve curve = dn_plot_curve_begin(page, &plot, "curve");
    for (size_t i = 0; i < report->curve.count; i++)
        dn_plot_curve_to(&curve, report->curve.points[i].fpr, report->curve.points[i].tpr);
    dn_plot_curve_end(&curve);
    dn_plot_point(page, &plot, "here", "roc-point", decision->false_reject_rate.value,
                  decision->detection_rate.value, 5);
    dn_plot_end(page);
    dn_text_append(page, "<figcaption>Area ");
    dn_html_fixed(page, report->metrics->image_auroc.value, 4);
    dn_text_append(page, ". The circle is the threshold for FAIL; dotted: chance.</figcaption>\n"
                         "</figure>\n");
}

static void append_precision_recall(dn_text *page, const dn_report *report) {
    const dn_decision *decision = &report->metrics->decision;
    const dn_plot plot = {
        0, 1, 0, 1, "Precision-recall curve", "defective parts found (recall)", "precision"};
    double chance_level =
        (double)report->curve.defective / (double)(report->curve.defective + report->curve.good);
    dn_text_append(page, "<figure>\n<h3>Precision and recall</h3>\n");
    dn_plot_begin(page, &plot);
    dn_plot_curve chance = dn_plot_curve_begin(page, &plot, "chance");
    dn_plot_curve_to(&chance, 0, chance_level);
    dn_plot_curve_to(&chance, 1, chance_level);
    dn_plot_curve_end(&chance);
    dn_plot_curve curve = dn_plot_curve_begin(page, &plot, "curve");
    for (size_t i = 0; i < report->curve.count; i++)
        dn_plot_curve_to(&curve, report->curve.points[i].tpr, report->curve.points[i].precision);
    dn_plot_curve_end(&curve);
    dn_plot_point(page, &plot, "here", "pr-point", decision->detection_rate.value,
                  decision->precision.defined ? decision->precision.value : 1, 5);
    dn_plot_end(page);
    dn_text_append(page, "<figcaption>Average precision ");
    dn_html_fixed(page, report->metrics->image_aupr.value, 4);
    dn_text_append(page, ". Dotted: calling everything defective.</figcaption>\n</figure>\n");
}

void dn_html_curves(dn_text *page, const dn_report *report) {
    if (report->curve.good == 0 || report->curve.defective == 0)
        return;
    dn_html_fold(page, "Curves: every threshold at once");
    dn_text_append(page, "<div class=\"plots\">\n");
    append_roc(page, report);
    append_precision_recall(page, report);
    dn_text_append(page, "</div>\n");
    dn_html_unfold(page);
}

/* ---- Training -------------------------------------------------------------------------------- */

static int sub_epochs(const dn_report *report) {
    int most = 0;
    for (size_t i = 0; i < report->epoch_count; i++)
        if (report->epochs[i].sub_epoch > most)
            most = report->epochs[i].sub_epoch;
    return most + 1;
}

/* Meta epochs done when the line was written. */
static double time_of(const dn_report_epoch *epoch, int per_meta) {
    return epoch->meta_epoch +
           (epoch->sub_epoch < 0 ? 1 : (epoch->sub_epoch + 1) / (double)per_meta);
}

static void span_losses(const dn_report *report, dn_plot *plot) {
    plot->y_low = INFINITY;
    plot->y_high = -INFINITY;
    plot->x_low = 0;
    plot->x_high = 1;
    for (size_t i = 0; i < report->epoch_count; i++) {
        const dn_report_epoch *epoch = &report->epochs[i];
        plot->x_high = fmax(plot->x_high, epoch->meta_epoch + 1);
        if (!isfinite(epoch->loss))
            continue;
        plot->y_low = fmin(plot->y_low, epoch->loss);
        plot->y_high = fmax(plot->y_high, epoch->loss);
    }
    double room = plot->y_high > plot->y_low ? 0.05 * (plot->y_high - plot->y_low) : 0.5;
    plot->y_low -= room;
    plot->y_high += room;
}

static void append_epochs(dn_text *page, const dn_report *report, const dn_plot *plot,
                          const char *style, int evaluations, int aurocs) {
    dn_plot_curve curve = dn_plot_curve_begin(page, plot, style);
    int per_meta = sub_epochs(report);
    for (size_t i = 0; i < report->epoch_count; i++) {
        const dn_report_epoch *epoch = &report->epochs[i];
        if ((epoch->sub_epoch < 0) == evaluations)
            dn_plot_curve_to(&curve, time_of(epoch, per_meta), aurocs ? epoch->auroc : epoch->loss);
    }
    dn_plot_curve_end(&curve);
}

/* A single point would be invisible as a curve. */
static void append_dots(dn_text *page, const dn_report *report, const dn_plot *plot,
                        const char *style, int aurocs) {
    for (size_t i = 0; i < report->epoch_count; i++)
        if (report->epochs[i].sub_epoch < 0)
            dn_plot_point(page, plot, style, NULL, time_of(&report->epochs[i], 1),
                          aurocs ? report->epochs[i].auroc : report->epochs[i].loss, 2);
}

static int count_evaluations(const dn_report *report, int with_auroc) {
    int count = 0;
    for (size_t i = 0; i < report->epoch_count; i++)
        count +=
            report->epochs[i].sub_epoch < 0 && (!with_auroc || isfinite(report->epochs[i].auroc));
    return count;
}

static void append_losses(dn_text *page, const dn_report *report) {
    dn_plot plot = {.label = "Training loss", .x_label = "meta epochs", .y_label = "loss"};
    span_losses(report, &plot);
    dn_text_append(page, "<figure>\n<h3>Loss</h3>\n");
    dn_plot_begin(page, &plot);
    append_epochs(page, report, &plot, "curve", 0, 0);
    append_epochs(page, report, &plot, "curve second", 1, 0);
    append_dots(page, report, &plot, "dot", 0);
    dn_plot_end(page);
    dn_text_append(page,
                   "<figcaption><span class=\"key\"></span>training images%s</figcaption>\n"
                   "</figure>\n",
                   count_evaluations(report, 0)
                       ? " &nbsp; <span class=\"key second\"></span>evaluated images"
                       : "");
}

static void append_aurocs(dn_text *page, const dn_report *report) {
    dn_plot plot = {.label = "AUROC after every meta epoch",
                    .x_label = "meta epochs",
                    .y_label = "image_AUROC"};
    double lowest = 1;
    span_losses(report, &plot);
    for (size_t i = 0; i < report->epoch_count; i++)
        if (isfinite(report->epochs[i].auroc))
            lowest = fmin(lowest, report->epochs[i].auroc);
    plot.y_low = fmax(0, floor(lowest * 10 - 0.5) / 10);
    plot.y_high = 1;
    dn_text_append(page, "<figure>\n<h3>AUROC</h3>\n");
    dn_plot_begin(page, &plot);
    append_epochs(page, report, &plot, "curve", 1, 1);
    append_dots(page, report, &plot, "dot first", 1);
    dn_plot_end(page);
    dn_text_append(page, "<figcaption>After every meta epoch. The saved model is the last one, "
                         "whichever was best.</figcaption>\n</figure>\n");
}

void dn_html_training(dn_text *page, const dn_report *report) {
    if (report->epoch_count == 0)
        return;
    dn_html_fold(page, "Training");
    dn_text_append(page, "<div class=\"plots\">\n");
    append_losses(page, report);
    if (count_evaluations(report, 1) > 0)
        append_aurocs(page, report);
    dn_text_append(page, "</div>\n");
    dn_html_unfold(page);
}
