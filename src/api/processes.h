/* Whether the processes of a group compute the same numbers. */
#ifndef DN_API_PROCESSES_H
#define DN_API_PROCESSES_H

#include "compute/compute.h"
#include "group/group.h"

/* DN_ERROR_DATA names the first fact (docs/bank.md) that is not the same in all processes. */
dn_status dn_processes_compute_alike(dn_group *group, const dn_compute *compute, dn_error *error);

#endif
