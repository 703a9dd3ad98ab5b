#include "base/finite.h"

#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>

enum { BLOCK = 4096 };

typedef struct search {
    const float *values;
    float limit;
    atomic_int found;
} search;

/* False for NaN. */
static int is_within(float value, float limit) {
    return fabsf(value) <= limit;
}

/* Without a branch per value, so that it vectorises. */
static int block_has(const float *values, size_t count, float limit) {
    int any = 0;
    for (size_t i = 0; i < count; i++)
        any |= !is_within(values[i], limit);
    return any;
}

static void search_range(void *context, size_t begin, size_t end) {
    search *self = context;
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t count = end - at < BLOCK ? end - at : BLOCK;
        if (block_has(self->values + at, count, self->limit))
            self->found = 1;
    }
}

size_t dn_find_beyond(int threads, const float *values, size_t count, float limit) {
    search context = {.values = values, .limit = limit};
    size_t index = 0;
    dn_parallel_for(threads, count, (size_t)64 * BLOCK, search_range, &context);
    if (!context.found)
        return count;
    while (index < count && is_within(values[index], limit))
        index++;
    return index;
}

size_t dn_find_not_finite(int threads, const float *values, size_t count) {
    return dn_find_beyond(threads, values, count, FLT_MAX);
}
