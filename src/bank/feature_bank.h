/*
 * Features of images on disk: rows of floats that take a pass through the backbone each, computed
 * once. A file holds any number of images for one key: a text that names everything the numbers
 * depend on besides the image itself.
 *
 *     offset 0     page     the key, zeros up to byte 4064, SHA-256 of these 4064 bytes
 *     offset 4096  segment  of 128 images; then the next one, and so on
 *         page              128 times 32 bytes: SHA-256 of an image file; zeros: not taken yet
 *         128 records       of `rows` rows each: `dimensions` floats, then 32 bytes: SHA-256 of
 *                           (SHA-256 of the key page, image, row number as 4 bytes, floats)
 *
 * Files only grow, by whole records, under flock(2): first the rows, then the image's digest. A row
 * is used only when its digest is right, so a record torn by kill -9 or a power cut, damage and
 * truncation all read as "not there", and the features are computed anew. Read with pread(2): a
 * mapped file would end the process (SIGBUS) on a bad disk, and count as its memory.
 */
#ifndef DN_BANK_FEATURE_BANK_H
#define DN_BANK_FEATURE_BANK_H

#include "bank/bank_index.h"

#define DN_BANK_SEGMENT 128

/* Used by one thread at a time; dn_feature_bank_read alone by any number. */
typedef struct dn_feature_bank {
    int descriptor; /* -1: not open */
    char folder[1024], name[64];
    uint8_t key[DN_DIGEST_BYTES];
    size_t rows, dimensions;
    uint64_t limit;      /* bytes of all banks in the folder */
    dn_bank_index index; /* of the records seen so far */
    uint8_t *record;     /* one, as it is written */
} dn_feature_bank;

/* Bytes of the file that holds `images` images. */
uint64_t dn_feature_bank_bytes(size_t images, size_t rows, size_t dimensions);

/* Opens the bank of this key (at most 4000 bytes) in the folder, which is created; a file that is
 * not this key's bank is started anew. */
dn_status dn_feature_bank_open(const char *folder, uint64_t limit, const char *key, size_t rows,
                               size_t dimensions, dn_feature_bank *bank, dn_error *error);
void dn_feature_bank_close(dn_feature_bank *bank);

/* The record of an image, also of one that another process stored meanwhile: whether there is one.
 */
int dn_feature_bank_find(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t *record);

/* One row of a record found: whether it is undamaged. `features` may be changed even if not. */
int dn_feature_bank_read(const dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t record, size_t row, float *features);

/* Stores features[rows][dimensions] of an image, in place where it has a record. DN_ERROR_IO when
 * the disk or the limit says no. */
dn_status dn_feature_bank_store(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                                const float *features, dn_error *error);

#endif
