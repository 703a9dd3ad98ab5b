/* What several machines that share a training gain, as a model (docs/machines.md). */
#ifndef DN_REPORT_MACHINES_H
#define DN_REPORT_MACHINES_H

#include "base/text.h"
#include "config/link.h"
#include "report/json.h"

/* A training on one machine, in seconds. */
typedef struct dn_report_machines {
    int known;       /* 0: there is no link, or nothing was measured */
    dn_link link;    /* between the machines */
    double shared;   /* what pictures cost: each machine takes its share */
    double step;     /* the optimiser's steps, which every machine takes */
    double rest;     /* what the first machine does alone: maps, files */
    double steps;    /* number of steps */
    double bytes;    /* that a step gathers */
    size_t pictures; /* of a batch, which are shared */
} dn_report_machines;

/* Seconds of a step's gathers, and of the whole training. */
double dn_machines_gather(const dn_report_machines *model, size_t count);
double dn_machines_time(const dn_report_machines *model, size_t count);

/* The largest number of machines of which each does at least half of what one alone does; and the
 * number that is fastest. */
size_t dn_machines_worth(const dn_report_machines *model);
size_t dn_machines_fastest(const dn_report_machines *model);

/* A table with a line for 1, 2, 4, ... machines, indented; nothing if they are not known. */
void dn_report_machines_table(const dn_report_machines *model, dn_text *text);
void dn_report_add_machines(dn_json *json, cJSON *object, const dn_report_machines *model);

#endif
