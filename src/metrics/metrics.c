#include "metrics/metrics.h"

#include "base/memory.h"
#include "metrics/ranking.h"
#include "metrics/verdict_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct defect_score {
    const char *defect;
    double score;
} defect_score;

/* State of the loop over defects: `scores` and `labels` begin with the good images and have room
 * for one defect's images after them. */
typedef struct defect_table {
    defect_score *defective; /* sorted by name */
    double *scores;
    int *labels;
    size_t good, count;
} defect_table;

static int by_defect(const void *left, const void *right) {
    return strcmp(((const defect_score *)left)->defect, ((const defect_score *)right)->defect);
}

static dn_status table_allocate(defect_table *table, size_t count, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count, sizeof(defect_score), error));
    table->defective = block;
    DN_TRY(dn_allocate(&block, count, sizeof(double), error));
    table->scores = block;
    DN_TRY(dn_allocate(&block, count, sizeof(int), error));
    table->labels = block;
    return DN_OK;
}

static void table_fill(defect_table *table, const double *scores, const int *labels,
                       const char *const *defects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (labels[i])
            table->defective[table->count++] = (defect_score){defects[i], scores[i]};
        else
            table->scores[table->good++] = scores[i];
    }
    qsort(table->defective, table->count, sizeof *table->defective, by_defect);
}

static void table_destroy(defect_table *table) {
    dn_release(table->defective);
    dn_release(table->scores);
    dn_release(table->labels);
    *table = (defect_table){0};
}

/* One defect: the images [begin, end) of the table. */
static dn_status add_defect(const defect_table *table, size_t begin, size_t end,
                            dn_metrics *metrics, dn_error *error) {
    size_t kind = metrics->defect_kinds++, count = end - begin;
    if (kind >= DN_MAX_DEFECTS)
        return DN_OK;
    dn_defect_metrics *defect = &metrics->defects[kind];
    dn_defect_name(defect->name, table->defective[begin].defect);
    defect->count = count;
    for (size_t i = 0; i < count; i++) {
        table->scores[table->good + i] = table->defective[begin + i].score;
        table->labels[table->good + i] = 1;
    }
    return dn_metric_auroc(table->scores, table->labels, table->good + count, &defect->image_auroc,
                           error);
}

static dn_status add_defects(const defect_table *table, dn_metrics *metrics, dn_error *error) {
    for (size_t begin = 0, end; begin < table->count; begin = end) {
        end = begin + 1;
        while (end < table->count &&
               by_defect(&table->defective[begin], &table->defective[end]) == 0)
            end++;
        DN_TRY(add_defect(table, begin, end, metrics, error));
    }
    return DN_OK;
}

static dn_status totals(const double *scores, const int *labels, size_t count, dn_metrics *metrics,
                        dn_error *error) {
    DN_TRY(dn_metric_auroc(scores, labels, count, &metrics->image_auroc, error));
    DN_TRY(dn_metric_aupr(scores, labels, count, &metrics->image_aupr, error));
    return dn_metric_f1_max(scores, labels, count, &metrics->image_f1_max,
                            &metrics->f1_max_threshold, error);
}

static dn_status per_defect(const double *scores, const int *labels, const char *const *defects,
                            size_t count, dn_metrics *metrics, dn_error *error) {
    defect_table table = {0};
    dn_status status = table_allocate(&table, count, error);
    if (status == DN_OK) {
        table_fill(&table, scores, labels, defects, count);
        metrics->good_count = table.good;
        metrics->defect_count = table.count;
        status = add_defects(&table, metrics, error);
    }
    table_destroy(&table);
    return status;
}

static dn_decision no_decision(const char *reason) {
    return (dn_decision){
        .threshold = NAN,
        .review_threshold = NAN,
        .false_reject_rate = dn_undefined(reason),
        .detection_rate = dn_undefined(reason),
        .precision = dn_undefined(reason),
        .accuracy = dn_undefined(reason),
    };
}

/* F1's threshold is the smallest rejected score; a verdict rejects scores above its threshold. */
static void decide_by_f1(const double *scores, const int *labels, const char *const *defects,
                         size_t count, dn_metrics *metrics) {
    metrics->decision = no_decision("no threshold");
    if (!metrics->image_f1_max.defined)
        return;
    double threshold = nextafter(metrics->f1_max_threshold, -INFINITY);
    const dn_judged images = {scores, labels, NULL, count};
    dn_count_verdicts(&images, defects, &(dn_cuts){threshold, threshold, NAN}, metrics);
    metrics->decision.tuned = 1;
}

dn_status dn_metrics_compute(const double *scores, const int *labels, const char *const *defects,
                             size_t count, dn_metrics *metrics, dn_error *error) {
    *metrics = (dn_metrics){
        .unreadable_count = metrics->unreadable_count,
        .loss = metrics->loss,
        .f1_max_threshold = NAN,
    };
    DN_TRY(totals(scores, labels, count, metrics, error));
    DN_TRY(per_defect(scores, labels, defects, count, metrics, error));
    decide_by_f1(scores, labels, defects, count, metrics);
    return DN_OK;
}
