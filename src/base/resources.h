/* Memory and disk that this process can still use, on Linux. "Unknown" is an answer, not a failure.
 */
#ifndef DN_BASE_RESOURCES_H
#define DN_BASE_RESOURCES_H

#include <stdint.h>

/* In bytes: the machine's, or its control groups' (v2, or v1's memory controller) if less. */
typedef struct dn_memory_state {
    uint64_t available; /* free or reclaimable now, and free swap */
    uint64_t limit;     /* what there is in all */
} dn_memory_state;

/* `root` is put before /proc and /sys: "", except in tests. Returns 0 and zeroes *state if unknown.
 */
int dn_memory_look(const char *root, dn_memory_state *state);

/* Bytes free for this user in `path` or, if it does not exist yet, in its nearest parent that does.
 * Returns 0 if unknown. */
int dn_disk_free(const char *path, uint64_t *bytes);

/* Peak resident memory of this process so far, in bytes (VmHWM); 0 if unknown. */
uint64_t dn_memory_peak(void);

#endif
