/* A share of numbered items: every item belongs to exactly one of `count` shares. */
#ifndef DN_BASE_SHARE_H
#define DN_BASE_SHARE_H

#include <stddef.h>

/* Share `index`, from 0; count 0 or 1: all items. */
typedef struct dn_share {
    size_t index, count;
} dn_share;

static inline int dn_share_takes(const dn_share *share, size_t item) {
    return share->count < 2 || item % share->count == share->index;
}

/* How many items of 0 to total - 1 it has. */
static inline size_t dn_share_size(const dn_share *share, size_t total) {
    if (share->count < 2)
        return total;
    return total / share->count + (total % share->count > share->index);
}

#endif
