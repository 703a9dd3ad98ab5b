#include "metrics/verdict_counts.h"

#include "metrics/ranking.h"

#include <math.h>
#include <string.h>

const char *dn_verdict_name(dn_verdict verdict) {
    static const char *const names[] = {"NONE", "PASS", "REVIEW", "FAIL"};
    return names[verdict <= DN_VERDICT_FAIL ? verdict : DN_VERDICT_NONE];
}

/* At 0 and 1 the estimate itself is a limit; elsewhere rounding must not put it outside. */
void dn_wilson_interval(double p, double n, double *low, double *high) {
    const double z = 1.959963984540054; /* normal quantile of 0.975 */
    double center = (p + z * z / (2 * n)) / (1 + z * z / n);
    double reach = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = p <= 0 ? 0 : fmin(fmax(center - reach, 0), p);
    *high = p >= 1 ? 1 : fmax(fmin(center + reach, 1), p);
}

dn_statistic dn_proportion(size_t part, size_t whole, const char *reason_if_empty) {
    if (whole == 0)
        return dn_undefined(reason_if_empty);
    dn_statistic share = {.defined = 1, .value = (double)part / (double)whole};
    dn_wilson_interval(share.value, (double)whole, &share.low, &share.high);
    return share;
}

void dn_verdict_count(dn_verdict_counts *counts, double score, int unlike, const dn_cuts *cuts) {
    if (score > cuts->threshold)
        counts->fail++;
    else if (score > cuts->review || score < cuts->low || unlike)
        counts->review++;
    else
        counts->pass++;
}

void dn_defect_name(char name[64], const char *defect) {
    size_t length = strnlen(defect, 64);
    if (length == 64)
        for (length = 63; length > 60 && ((unsigned char)defect[length] & 0xC0) == 0x80;)
            length--;
    memcpy(name, defect, length);
    name[length] = '\0';
}

static dn_defect_metrics *find_defect(dn_metrics *metrics, const char *name) {
    char shown[sizeof metrics->defects[0].name];
    dn_defect_name(shown, name);
    for (size_t i = 0; i < metrics->defect_kinds && i < DN_MAX_DEFECTS; i++)
        if (strcmp(metrics->defects[i].name, shown) == 0)
            return &metrics->defects[i];
    return NULL;
}

static size_t total_count(const dn_verdict_counts *counts) {
    return counts->pass + counts->review + counts->fail;
}

static void measure_rates(dn_decision *decision) {
    size_t good = total_count(&decision->good), defective = total_count(&decision->defective);
    size_t rejected = decision->good.fail, found = decision->defective.fail;
    decision->false_reject_rate = dn_proportion(rejected, good, "no good images");
    decision->detection_rate = dn_proportion(found, defective, "no defective images");
    decision->precision = dn_proportion(found, rejected + found, "nothing is rejected");
    decision->accuracy = dn_proportion(good - rejected + found, good + defective, "no images");
}

static void count_image(const dn_judged *images, size_t index, const dn_cuts *cuts,
                        dn_verdict_counts *counts) {
    int unlike = images->unlike && images->unlike[index];
    dn_verdict_count(counts, images->scores[index], unlike, cuts);
}

dn_decision dn_decision_of(const dn_judged *images, const dn_cuts *cuts) {
    dn_decision decision = {.threshold = cuts->threshold, .review_threshold = cuts->review};
    for (size_t i = 0; i < images->count; i++)
        count_image(images, i, cuts, images->labels[i] ? &decision.defective : &decision.good);
    measure_rates(&decision);
    return decision;
}

void dn_count_verdicts(const dn_judged *images, const char *const *defects, const dn_cuts *cuts,
                       dn_metrics *metrics) {
    metrics->decision = dn_decision_of(images, cuts);
    for (size_t i = 0; i < metrics->defect_kinds && i < DN_MAX_DEFECTS; i++)
        metrics->defects[i].verdicts = (dn_verdict_counts){0};
    for (size_t i = 0; i < images->count; i++) {
        dn_defect_metrics *defect = images->labels[i] ? find_defect(metrics, defects[i]) : NULL;
        if (defect)
            count_image(images, i, cuts, &defect->verdicts);
    }
}
