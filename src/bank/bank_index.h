/* Which record of a feature bank holds which image: the digests in the order of the records, and a
 * hash table that finds them. */
#ifndef DN_BANK_BANK_INDEX_H
#define DN_BANK_BANK_INDEX_H

#include "base/digest.h"

typedef struct dn_bank_index {
    uint8_t (*digests)[DN_DIGEST_BYTES]; /* [count], by record */
    size_t count, capacity;
    uint32_t *table; /* [places]: the record's number + 1; 0: empty */
    size_t places;   /* a power of two; at most half of them are in use */
} dn_bank_index;

void dn_bank_index_destroy(dn_bank_index *index);

/* Adds the image of record `count`. */
dn_status dn_bank_index_add(dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                            dn_error *error);

/* Finds the latest record of an image. 1 if there is one. */
int dn_bank_index_find(const dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                       size_t *record);

#endif
