#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static dn_status allocate_block(void **pointer, size_t count, size_t size, dn_error *error) {
    size_t bytes;
    *pointer = NULL;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - DN_ALIGNMENT)
        return dn_fail(error, DN_ERROR_MEMORY, "out of memory: %zu items of %zu bytes", count,
                       size);
    bytes = bytes ? (bytes + DN_ALIGNMENT - 1) / DN_ALIGNMENT * DN_ALIGNMENT : DN_ALIGNMENT;
    *pointer = aligned_alloc(DN_ALIGNMENT, bytes);
    if (!*pointer)
        return dn_fail(error, DN_ERROR_MEMORY, "out of memory: %zu bytes", bytes);
    return DN_OK;
}

dn_status dn_allocate(void **pointer, size_t count, size_t size, dn_error *error) {
    DN_TRY(allocate_block(pointer, count, size, error));
    memset(*pointer, 0, count * size);
    return DN_OK;
}

dn_status dn_allocate_floats(float **pointer, size_t count, dn_error *error) {
    void *block;
    dn_status status = allocate_block(&block, count, sizeof(float), error);
    *pointer = block;
    return status;
}

void dn_release(void *pointer) {
    free(pointer);
}

dn_status dn_copy_text(char **copy, const char *text, dn_error *error) {
    void *block;
    size_t size = strlen(text) + 1;
    *copy = NULL;
    DN_TRY(allocate_block(&block, size, 1, error));
    *copy = memcpy(block, text, size);
    return DN_OK;
}

dn_status dn_grow(void **array, size_t *capacity, size_t needed, size_t size, dn_error *error) {
    if (needed <= *capacity)
        return DN_OK;
    size_t grown = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (grown < needed)
        grown = needed;
    if (grown < 8)
        grown = 8;
    void *block;
    DN_TRY(dn_allocate(&block, grown, size, error));
    if (*array)
        memcpy(block, *array, *capacity * size);
    dn_release(*array);
    *array = block;
    *capacity = grown;
    return DN_OK;
}

size_t dn_workspace_round(size_t count) {
    const size_t unit = DN_ALIGNMENT / sizeof(float);
    return (count + unit - 1) / unit * unit;
}

dn_status dn_workspace_create(dn_workspace *workspace, size_t capacity, dn_error *error) {
    *workspace = (dn_workspace){0};
    DN_TRY(dn_allocate_floats(&workspace->block, capacity, error));
    workspace->capacity = capacity;
    return DN_OK;
}

void dn_workspace_destroy(dn_workspace *workspace) {
    dn_release(workspace->block);
    *workspace = (dn_workspace){0};
}

float *dn_workspace_take(dn_workspace *workspace, size_t count) {
    size_t rounded = dn_workspace_round(count);
    if (rounded < count || rounded > workspace->capacity - workspace->used)
        return NULL;
    float *piece = workspace->block + workspace->used;
    workspace->used += rounded;
    return piece;
}
