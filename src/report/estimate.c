#include "report/estimate.h"

#include <math.h>
#include <stdio.h>

enum { AMOUNT = 32 };

static void print_bytes(char text[AMOUNT], uint64_t bytes) {
    double mib = (double)bytes / 0x1p20;
    if (mib < 1024)
        snprintf(text, AMOUNT, "%.0f MiB", ceil(mib));
    else
        snprintf(text, AMOUNT, "%.1f GiB", mib / 1024);
}

static void print_time(char text[AMOUNT], double seconds) {
    if (seconds < 120)
        snprintf(text, AMOUNT, "%.0f s", ceil(seconds));
    else if (seconds < 7200)
        snprintf(text, AMOUNT, "%.0f min", seconds / 60);
    else if (seconds < 48 * 3600.0)
        snprintf(text, AMOUNT, "%.1f h", seconds / 3600);
    else
        snprintf(text, AMOUNT, "%.1f days", seconds / 86400);
}

void dn_report_estimate_line(const dn_report_estimate *estimate, char *line, size_t size) {
    char memory[AMOUNT], results[AMOUNT], cache[AMOUNT], time[AMOUNT] = "";
    print_bytes(memory, estimate->memory.wanted);
    print_bytes(results, estimate->results.wanted);
    print_bytes(cache, estimate->cache.wanted);
    if (isfinite(estimate->seconds))
        print_time(time, estimate->seconds);
    snprintf(line, size, "about %s%s%s of memory, %s of disk for results and %s for the cache",
             time, time[0] ? ", " : "", memory, results, cache);
}

void dn_report_tiles_line(const dn_report_tiles *tiles, char *line, size_t size) {
    int length =
        snprintf(line, size, "%d tiles of %d x %d pixels at scale %g in a picture of %d x %d",
                 tiles->count, tiles->side, tiles->side, tiles->scale, tiles->width, tiles->height);
    if (isfinite(tiles->seconds) && length > 0 && (size_t)length < size)
        snprintf(line + length, size - (size_t)length, ", about %.2g s to score one",
                 tiles->seconds);
}

int dn_report_lack(const dn_report_need *need, const char *what, char *line, size_t size) {
    char wanted[AMOUNT], available[AMOUNT];
    if (need->available == 0 || need->wanted <= need->available)
        return 0;
    print_bytes(wanted, need->wanted);
    print_bytes(available, need->available);
    snprintf(line, size, "about %s of %s are needed and %s are free", wanted, what, available);
    return 1;
}

static void add_need(dn_json *json, cJSON *object, const char *wanted, const char *available,
                     const dn_report_need *need) {
    dn_json_number(json, object, wanted, ceil((double)need->wanted / 0x1p20));
    dn_json_number(json, object, available,
                   need->available ? floor((double)need->available / 0x1p20) : NAN);
}

static void add_tiles(dn_json *json, cJSON *object, const dn_report_tiles *tiles) {
    if (tiles->side == 0)
        return;
    cJSON *item = dn_json_object(json, object, "tiles");
    dn_json_number(json, item, "side", tiles->side);
    dn_json_number(json, item, "scale", tiles->scale);
    dn_json_number(json, item, "overlap", tiles->overlap);
    dn_json_number(json, item, "width", tiles->width);
    dn_json_number(json, item, "height", tiles->height);
    dn_json_number(json, item, "count", tiles->count);
    dn_json_number(json, item, "seconds", tiles->seconds);
}

void dn_report_add_estimate(dn_json *json, cJSON *object, const dn_report_estimate *estimate) {
    if (!estimate->known)
        return;
    cJSON *item = dn_json_object(json, object, "estimate");
    dn_json_number(json, item, "seconds", estimate->seconds);
    dn_json_number(json, item, "steps", estimate->steps);
    dn_json_number(json, item, "passes", estimate->passes);
    add_need(json, item, "peak_train_mib", "available_memory_mib", &estimate->memory);
    add_need(json, item, "results_mib", "available_results_mib", &estimate->results);
    add_need(json, item, "cache_mib", "available_cache_mib", &estimate->cache);
    add_tiles(json, item, &estimate->tiles);
    dn_report_add_machines(json, item, &estimate->machines);
}
