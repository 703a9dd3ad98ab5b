#include "backbone/plan.h"
#include "base/memory.h"

#include <string.h>

size_t dn_places_take(dn_places *places, int owner, size_t bytes) {
    size_t begin = 0, size = (bytes + DN_ALIGNMENT - 1) / DN_ALIGNMENT * DN_ALIGNMENT;
    int at = 0;
    for (; at < places->count && places->taken[at].begin < begin + size; at++)
        begin = places->taken[at].end;
    memmove(&places->taken[at + 1], &places->taken[at],
            (size_t)(places->count - at) * sizeof(dn_place));
    places->taken[at] = (dn_place){begin, begin + size, owner};
    places->count++;
    places->size = begin + size > places->size ? begin + size : places->size;
    return begin;
}

void dn_places_give_back(dn_places *places, int owner) {
    for (int i = places->count; i-- > 0;)
        if (places->taken[i].owner == owner)
            memmove(&places->taken[i], &places->taken[i + 1],
                    (size_t)(--places->count - i) * sizeof(dn_place));
}

void dn_places_pass(dn_places *places, int from, int to) {
    for (int i = 0; i < places->count; i++)
        if (places->taken[i].owner == from)
            places->taken[i].owner = to;
}
