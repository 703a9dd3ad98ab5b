/* What a training needs and what is available, for people and programs. */
#ifndef DN_REPORT_ESTIMATE_H
#define DN_REPORT_ESTIMATE_H

#include "report/json.h"
#include "report/machines.h"

/* Bytes needed and available; `available` 0: unknown. */
typedef struct dn_report_need {
    uint64_t wanted, available;
} dn_report_need;

/* How pictures are cut. */
typedef struct dn_report_tiles {
    int side; /* 0: there are no tiles */
    double scale, overlap;
    int count, width, height; /* tiles of a picture of that size */
    double seconds;           /* to score it; NaN: this machine was not measured */
} dn_report_tiles;

typedef struct dn_report_estimate {
    int known;                     /* 0: there is nothing to train on */
    double seconds;                /* NaN: this machine was not measured */
    double steps, passes;          /* optimiser steps; views through the backbone */
    dn_report_need memory;         /* peak resident memory */
    dn_report_need results, cache; /* peak disk use */
    dn_report_tiles tiles;
    dn_report_machines machines;
} dn_report_estimate;

/* "about 35 min, 2.1 GiB of memory, 4.0 GiB of disk for results and 1.2 GiB for the cache", without
 * a newline. */
void dn_report_estimate_line(const dn_report_estimate *estimate, char *line, size_t size);

/* "108 tiles of 448 x 448 pixels at scale 1 in a picture of 4096 x 3072, about 2.3 s to score one".
 */
void dn_report_tiles_line(const dn_report_tiles *tiles, char *line, size_t size);

/* If a need exceeds what is available, writes "about 2.1 GiB of memory are needed and 0.9 GiB are
 * free" and returns 1. `what` is "memory" or "disk for results". */
int dn_report_lack(const dn_report_need *need, const char *what, char *line, size_t size);

/* Adds the object "estimate". */
void dn_report_add_estimate(dn_json *json, cJSON *object, const dn_report_estimate *estimate);

#endif
