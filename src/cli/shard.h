/* --shard: which part of the work this process does. */
#ifndef DN_CLI_SHARD_H
#define DN_CLI_SHARD_H

#include "cli/options.h"

/* Part `index` (from 1) of `count`; both 0: all of the work. */
typedef struct dn_shard {
    size_t index, count;
} dn_shard;

/* Reads "I/N"; or "slurm", which takes both from the environment of a Slurm array job. */
dn_status dn_shard_of(const dn_command *command, dn_shard *shard, dn_error *error);

/* Whether item number `item` (from 0) belongs to the part. */
int dn_shard_takes(const dn_shard *shard, size_t item);

#endif
