/* Corrects the checksums of a mutated zip archive: otherwise almost no changed byte would be read.
 */
#ifndef DN_FUZZ_ZIP_CHECKSUMS_H
#define DN_FUZZ_ZIP_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { LOCAL_SIZE = 30, ENTRY_SIZE = 46 };

static inline size_t number(const uint8_t *bytes, size_t count) {
    size_t value = 0;
    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static inline void put_checksum(uint8_t *place, unsigned long sum) {
    for (int i = 0; i < 4; i++)
        place[i] = (uint8_t)(sum >> 8 * i);
}

/* Writes the checksum of the stored member that a directory entry describes, if it lies within. */
static inline void repair_member(uint8_t *data, size_t size, uint8_t *entry) {
    size_t bytes = number(entry + 20, 4), header = number(entry + 42, 4);
    int is_stored = number(entry + 10, 2) == 0;
    if (!is_stored || header > size || size - header < LOCAL_SIZE)
        return;
    uint8_t *local = data + header;
    size_t start = header + LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2);
    if (start > size || bytes > size - start)
        return;
    unsigned long sum = crc32(0, data + start, (unsigned)bytes);
    put_checksum(local + 14, sum);
    put_checksum(entry + 16, sum);
}

static inline void repair(uint8_t *data, size_t size) {
    for (size_t i = 0; size >= ENTRY_SIZE && i <= size - ENTRY_SIZE; i++)
        if (memcmp(data + i, "PK\1\2", 4) == 0)
            repair_member(data, size, data + i);
}

#endif
