/* Which record of a feature bank holds which image: digests in the order of the records, and a hash
 * table over them. */
#ifndef DN_BANK_BANK_INDEX_H
#define DN_BANK_BANK_INDEX_H

#include "base/digest.h"

typedef struct dn_bank_index {
    uint8_t (*digests)[DN_DIGEST_BYTES]; /* [count], by record */
    size_t count, capacity;
    uint32_t *table; /* [places]: a record's number + 1; 0: free */
    size_t places;   /* a power of two, at most half of them taken */
} dn_bank_index;

void dn_bank_index_destroy(dn_bank_index *index);

/* The image of record `count`. */
dn_status dn_bank_index_add(dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                            dn_error *error);

/* The latest record of this image: whether there is one. */
int dn_bank_index_find(const dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                       size_t *record);

#endif
