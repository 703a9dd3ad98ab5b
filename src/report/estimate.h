/* What a training will take and what there is, for people and programs. */
#ifndef DN_REPORT_ESTIMATE_H
#define DN_REPORT_ESTIMATE_H

#include "report/json.h"

/* Bytes that are wanted, and that there are; `available` 0: unknown. */
typedef struct dn_report_need {
    uint64_t wanted, available;
} dn_report_need;

typedef struct dn_report_estimate {
    int known;                     /* 0: there is nothing to train on */
    double seconds;                /* NaN: this machine was not measured */
    double steps, passes;          /* of the optimiser; of views through the backbone */
    dn_report_need memory;         /* peak, resident */
    dn_report_need results, cache; /* on disk, at most at once */
} dn_report_estimate;

/* "about 35 min, 2.1 GiB of memory, 4.0 GiB of disk for results, 1.2 GiB for the cache": one line
 * without its end. */
void dn_report_estimate_line(const dn_report_estimate *estimate, char *line, size_t size);

/* What is lacking of a need: "2.1 GiB of memory are needed and 0.9 GiB are free"; 0 when nothing
 * is. `what` is "memory" or "disk for results". */
int dn_report_lack(const dn_report_need *need, const char *what, char *line, size_t size);

/* Adds the object "estimate". */
void dn_report_add_estimate(dn_json *json, cJSON *object, const dn_report_estimate *estimate);

#endif
