#include "report/report.h"

#include "base/memory.h"

static dn_status trace_scores(dn_report *report, double *scores, int *labels, dn_error *error) {
    size_t count = 0;
    for (size_t i = 0; i < report->sample_count; i++) {
        const dn_report_sample *sample = &report->samples[i];
        if (sample->error || sample->gt_label < 0)
            continue;
        scores[count] = sample->raw_score;
        labels[count++] = sample->gt_label;
    }
    return dn_curve_create(scores, labels, count, &report->curve, error);
}

dn_status dn_report_trace(dn_report *report, dn_error *error) {
    void *scores, *labels = NULL;
    DN_TRY(dn_allocate(&scores, report->sample_count, sizeof(double), error));
    dn_status status = dn_allocate(&labels, report->sample_count, sizeof(int), error);
    if (status == DN_OK)
        status = trace_scores(report, scores, labels, error);
    dn_release(scores);
    dn_release(labels);
    return status;
}
