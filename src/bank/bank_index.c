#include "bank/bank_index.h"

#include "base/memory.h"

#include <string.h>

enum { FEWEST_PLACES = 64 };

void dn_bank_index_destroy(dn_bank_index *index) {
    dn_release(index->digests);
    dn_release(index->table);
    *index = (dn_bank_index){0};
}

/* A digest is as good as a hash: its first bits choose the place. */
static size_t place_of(const dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES]) {
    uint64_t bits;
    memcpy(&bits, digest, sizeof bits);
    size_t place = (size_t)bits & (index->places - 1);
    while (index->table[place] &&
           memcmp(index->digests[index->table[place] - 1], digest, DN_DIGEST_BYTES) != 0)
        place = (place + 1) & (index->places - 1);
    return place;
}

static dn_status grow_table(dn_bank_index *index, dn_error *error) {
    void *block;
    size_t places = index->places ? index->places * 2 : FEWEST_PLACES;
    DN_TRY(dn_allocate(&block, places, sizeof(uint32_t), error));
    dn_release(index->table);
    index->table = block;
    index->places = places;
    for (size_t i = 0; i < index->count; i++)
        index->table[place_of(index, index->digests[i])] = (uint32_t)i + 1;
    return DN_OK;
}

dn_status dn_bank_index_add(dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                            dn_error *error) {
    void *digests = index->digests;
    if (index->count >= UINT32_MAX - 1)
        return dn_fail(error, DN_ERROR_IO, "a feature bank holds at most %u images",
                       UINT32_MAX - 1);
    DN_TRY(dn_grow(&digests, &index->capacity, index->count + 1, DN_DIGEST_BYTES, error));
    index->digests = digests;
    if ((index->count + 1) * 2 > index->places)
        DN_TRY(grow_table(index, error));
    memcpy(index->digests[index->count], digest, DN_DIGEST_BYTES);
    index->table[place_of(index, digest)] = (uint32_t)++index->count;
    return DN_OK;
}

int dn_bank_index_find(const dn_bank_index *index, const uint8_t digest[DN_DIGEST_BYTES],
                       size_t *record) {
    if (index->count == 0)
        return 0;
    uint32_t number = index->table[place_of(index, digest)];
    *record = number ? number - 1 : 0;
    return number != 0;
}
