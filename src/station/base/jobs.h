/* A bounded queue and the threads that work through it, first come first served. */
#ifndef DN_STATION_BASE_JOBS_H
#define DN_STATION_BASE_JOBS_H

#include "differnet.h"

typedef struct dn_job {
    void (*run)(struct dn_job *job); /* may free the job */
    struct dn_job *next;             /* the queue's own */
} dn_job;

typedef struct dn_jobs dn_jobs;

dn_status dn_jobs_create(size_t workers, size_t bound, dn_jobs **jobs, dn_error *error);

/* Returns 0, and takes nothing, if `bound` jobs wait already. */
int dn_jobs_add(dn_jobs *self, dn_job *job);

/* Another bound, from now on; what waits stays. */
void dn_jobs_set_bound(dn_jobs *self, size_t bound);

/* Jobs that wait or run. */
size_t dn_jobs_count(dn_jobs *self);

/* Runs what waits, then ends the threads. NULL is allowed. */
void dn_jobs_destroy(dn_jobs *self);

#endif
