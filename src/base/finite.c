#include "base/finite.h"

#include "base/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 4096 };

typedef struct search {
    const float *values;
    atomic_int found;
} search;

/* Whether any exponent is all ones; without a branch per value, so that it vectorises. */
static int block_has(const float *values, size_t count) {
    uint32_t any = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        any |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return any != 0;
}

static void search_range(void *context, size_t begin, size_t end) {
    search *self = context;
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t count = end - at < BLOCK ? end - at : BLOCK;
        if (block_has(self->values + at, count))
            self->found = 1;
    }
}

size_t dn_find_not_finite(int threads, const float *values, size_t count) {
    search context = {.values = values};
    size_t index = 0;
    dn_parallel_for(threads, count, (size_t)64 * BLOCK, search_range, &context);
    if (!context.found)
        return count;
    while (index < count && isfinite(values[index]))
        index++;
    return index;
}
