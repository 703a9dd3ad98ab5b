/* What this process may still take: memory and disk. Linux; where it cannot be found out, "unknown"
 * is a value, not a failure. */
#ifndef DN_BASE_RESOURCES_H
#define DN_BASE_RESOURCES_H

#include <stdint.h>

/* In bytes. Control groups (v2, and v1's memory controller) and the machine, whichever is less. */
typedef struct dn_memory_state {
    uint64_t available; /* without others losing theirs: caches count, swap does */
    uint64_t limit;     /* more than this can never be had */
} dn_memory_state;

/* `root` stands before /proc and /sys ("" but in tests). 0 when unknown; *state is zeroed then. */
int dn_memory_look(const char *root, dn_memory_state *state);

/* Bytes free for this user where `path` lies, or will lie: its nearest folder that exists. 0 when
 * unknown. */
int dn_disk_free(const char *path, uint64_t *bytes);

/* Peak resident memory of this process so far, in bytes (VmHWM); 0 when unknown. */
uint64_t dn_memory_peak(void);

#endif
