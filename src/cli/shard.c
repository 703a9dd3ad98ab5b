#include "cli/shard.h"

#include "cli/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHARDS = 100000 };

/* Decimal digits alone, up to `end`. */
static int read_count(const char *text, char end, size_t *count, const char **rest) {
    char *after = NULL;
    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long value = strtoul(text, &after, 10);
    if (errno || value > MOST_SHARDS || *after != end)
        return 0;
    *count = value;
    *rest = after;
    return 1;
}

/* The tasks of an array may be numbered from 0, from 1 or from anywhere. */
static dn_status read_slurm(dn_shard *shard, dn_error *error) {
    const char *rest, *least = getenv("SLURM_ARRAY_TASK_MIN");
    size_t task, first = 0;
    if (!read_count(getenv("SLURM_ARRAY_TASK_ID"), '\0', &task, &rest) ||
        !read_count(getenv("SLURM_ARRAY_TASK_COUNT"), '\0', &shard->count, &rest) ||
        (least && !read_count(least, '\0', &first, &rest)))
        return dn_usage(error, "--shard slurm: SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT are "
                               "not set; start it as a job array: sbatch --array=1-N");
    shard->index = task - first + 1;
    if (task >= first && shard->index <= shard->count)
        return DN_OK;
    return dn_usage(error,
                    "--shard slurm: task %zu of an array of %zu from %zu on: the array has gaps; "
                    "use --array=1-N",
                    task, shard->count, first);
}

dn_status dn_shard_of(const dn_command *command, dn_shard *shard, dn_error *error) {
    const char *text = dn_command_value(command, DN_OPTION_SHARD), *rest = NULL;
    *shard = (dn_shard){0};
    if (!text)
        return DN_OK;
    if (strcmp(text, "slurm") == 0)
        return read_slurm(shard, error);
    if (read_count(text, '/', &shard->index, &rest) &&
        read_count(rest + 1, '\0', &shard->count, &rest) && shard->index >= 1 &&
        shard->index <= shard->count)
        return DN_OK;
    return dn_usage(error, "--shard \"%.40s\": expected I/N with I from 1 to N, or slurm", text);
}

int dn_shard_takes(const dn_shard *shard, size_t item) {
    return shard->count == 0 || item % shard->count + 1 == shard->index;
}
