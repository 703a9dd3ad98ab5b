/* All heap allocations of the library: checked for overflow, aligned for vector loads, zeroed. */
#ifndef DN_BASE_MEMORY_H
#define DN_BASE_MEMORY_H

#include "base/error.h"

#define DN_ALIGNMENT 64

/* `count` zeroed items of `size` bytes at a 64-byte boundary in *pointer; at least one byte is
 * allocated. On failure *pointer is NULL, and the message of DN_ERROR_MEMORY says how many bytes
 * were requested. */
dn_status dn_allocate(void **pointer, size_t count, size_t size, dn_error *error);

/* The same for floats, not zeroed: for buffers that are written before they are read. */
dn_status dn_allocate_floats(float **pointer, size_t count, dn_error *error);

void dn_release(void *pointer);

/* A copy of a text; freed with dn_release. */
dn_status dn_copy_text(char **copy, const char *text, dn_error *error);

/* Grows an array to hold at least `needed` items, by doubling; new items are zeroed. */
dn_status dn_grow(void **array, size_t *capacity, size_t needed, size_t size, dn_error *error);

/* One block of memory, allocated once, from which pieces are taken; freed as a whole. */
typedef struct dn_workspace {
    float *block;
    size_t capacity, used; /* in floats */
} dn_workspace;

/* Rounds a count of floats up to whole alignment units, as dn_workspace_take does. */
size_t dn_workspace_round(size_t count);
dn_status dn_workspace_create(dn_workspace *workspace, size_t capacity, dn_error *error);
void dn_workspace_destroy(dn_workspace *workspace);

/* The next `count` floats, at a 64-byte boundary; NULL if the workspace is too small. */
float *dn_workspace_take(dn_workspace *workspace, size_t count);

#endif
