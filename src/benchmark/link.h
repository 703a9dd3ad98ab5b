/* `differnet benchmark` under mpirun: the network between the processes. */
#ifndef DN_BENCHMARK_LINK_H
#define DN_BENCHMARK_LINK_H

#include "config/link.h"
#include "group/group.h"

enum { DN_LINK_SIZES = 5 };

typedef struct dn_link_times {
    size_t processes;
    double seconds[DN_LINK_SIZES]; /* of a gather, medians, from few bytes to many */
    dn_link link;                  /* what these amount to */
} dn_link_times;

/* Of a group of two or more; all processes call it. Takes some seconds. */
dn_status dn_measure_link(dn_group *group, dn_link_times *times, dn_error *error);

dn_status dn_link_text(const dn_link_times *times, int json, char **text, dn_error *error);

#endif
