/* The network between the processes of a group: how long gathers of several sizes take. */
#include "benchmark/link.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "report/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that all processes gather together; a step of the paper's network gathers 288 KiB. */
static const size_t totals[DN_LINK_SIZES] = {1024, 65536, 294912, 4194304, 33554432};

enum { LEAST_REPEATS = 5, MOST_REPEATS = 200 };
static const double SECONDS = 0.2; /* for a size */

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* One gather as a training step makes it: first the states of all, then their bytes. */
static dn_status gather_once(dn_group *group, char *all, size_t total, double *seconds,
                             dn_error *error) {
    size_t size = dn_group_size(group), *sizes = dn_group_sizes(group);
    for (size_t i = 0; i < size; i++)
        sizes[i] = total / size;
    double start = dn_seconds();
    DN_TRY(dn_group_gather(group, DN_OK, all, sizes, error));
    *seconds = dn_seconds() - start;
    return DN_OK;
}

/* All processes repeat as often as the first one finds fit. */
static dn_status time_size(dn_group *group, char *all, size_t total, double *median,
                           dn_error *error) {
    double times[MOST_REPEATS], warm;
    DN_TRY(gather_once(group, all, total, &warm, error));
    double fit = SECONDS / (warm + 1e-6);
    int repeats = fit < LEAST_REPEATS  ? LEAST_REPEATS
                  : fit < MOST_REPEATS ? (int)fit
                                       : MOST_REPEATS;
    DN_TRY(dn_group_broadcast(group, DN_OK, &repeats, sizeof repeats, error));
    for (int i = 0; i < repeats; i++)
        DN_TRY(gather_once(group, all, total, &times[i], error));
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    *median = times[repeats / 2];
    return DN_OK;
}

/* The smallest gather is all latency; the largest says how much more its bytes take. */
static void find_link(dn_link_times *times) {
    size_t n = times->processes;
    double more = (double)(totals[DN_LINK_SIZES - 1] - totals[0]) * (double)(n - 1) / (double)n;
    double longer = times->seconds[DN_LINK_SIZES - 1] - times->seconds[0];
    times->link.latency = times->seconds[0] / (2 * ceil(log2((double)n)));
    times->link.bits = 8 * more / (longer > 1e-9 ? longer : 1e-9);
}

dn_status dn_measure_link(dn_group *group, dn_link_times *times, dn_error *error) {
    void *all = NULL;
    *times = (dn_link_times){.processes = dn_group_size(group)};
    dn_status status = dn_allocate(&all, totals[DN_LINK_SIZES - 1], 1, error);
    status = dn_group_agree(group, status, error);
    for (int i = 0; i < DN_LINK_SIZES && status == DN_OK; i++)
        status = time_size(group, all, totals[i], &times->seconds[i], error);
    dn_release(all);
    if (status == DN_OK)
        find_link(times);
    return status;
}

/* ---- what people and programs read ---- */

static void print_table(const dn_link_times *times, dn_text *text) {
    char link[DN_LINK_TEXT];
    dn_link_print(&times->link, link);
    dn_text_append(text, "%zu processes gather, medians\n\n  bytes of all           ms\n",
                   times->processes);
    for (int i = 0; i < DN_LINK_SIZES; i++)
        dn_text_append(text, "%14zu %12.3f\n", totals[i], 1e3 * times->seconds[i]);
    dn_text_append(text, "\nlink: %s\nfor what a training gains: differnet check --link %s\n", link,
                   link);
}

static dn_status print_json(const dn_link_times *times, char **text, dn_error *error) {
    char link[DN_LINK_TEXT];
    dn_json json = dn_json_begin();
    dn_link_print(&times->link, link);
    dn_json_count(&json, json.root, "processes", times->processes);
    dn_json_text(&json, json.root, "link", link);
    dn_json_number(&json, json.root, "bits_a_second", times->link.bits);
    dn_json_number(&json, json.root, "latency_ms", 1e3 * times->link.latency);
    cJSON *rows = dn_json_array(&json, json.root, "gathers");
    for (int i = 0; i < DN_LINK_SIZES; i++) {
        cJSON *row = dn_json_item(&json, rows);
        dn_json_count(&json, row, "bytes", totals[i]);
        dn_json_number(&json, row, "ms", 1e3 * times->seconds[i]);
    }
    return dn_json_take(&json, 0, text, error);
}

dn_status dn_link_text(const dn_link_times *times, int json, char **text, dn_error *error) {
    dn_text written = {0};
    if (json)
        return print_json(times, text, error);
    print_table(times, &written);
    return dn_text_take(&written, text, error);
}
