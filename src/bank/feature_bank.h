/*
 * Features of images on disk, so that each is computed once: rows of floats, each the result of a
 * pass through the backbone. A file holds any number of images for one key, a text that names
 * everything the numbers depend on besides the image itself (train/features/feature_key.h).
 *
 *     offset 0     page     the key, zeros up to byte 4064, SHA-256 of these 4064 bytes
 *     offset 4096  segment  of 128 images; then the next one, and so on
 *         page              128 times 32 bytes: SHA-256 of an image file; zeros: not in use yet
 *         128 records       of `rows` rows each: `dimensions` floats, then 32 bytes: SHA-256 of
 *                           (SHA-256 of the key page, image, row number as 4 bytes, floats)
 *
 * Files only grow, by whole records, under flock(2): first the rows, then the image's digest. A row
 * is used only if its digest is right. So a record that kill -9 or a power cut left incomplete, and
 * one that is damaged or truncated, counts as missing, and its features are computed anew. The file
 * is read with pread(2): if it were mapped, a bad disk would end the process (SIGBUS), and its
 * pages would count as the process's memory.
 */
#ifndef DN_BANK_FEATURE_BANK_H
#define DN_BANK_FEATURE_BANK_H

#include "bank/bank_index.h"

#define DN_BANK_SEGMENT 128

/* One thread at a time; only dn_feature_bank_read may run in several. */
typedef struct dn_feature_bank {
    int descriptor; /* -1: not open */
    char folder[1024], name[64];
    uint8_t key[DN_DIGEST_BYTES];
    size_t rows, dimensions;
    uint64_t limit;      /* bytes of all banks in the folder */
    dn_bank_index index; /* of the records read so far */
    uint8_t *record;     /* buffer for one record */
} dn_feature_bank;

/* Size of the file that holds `images` images. */
uint64_t dn_feature_bank_bytes(size_t images, size_t rows, size_t dimensions);

/* Opens the bank of this key (at most 4000 bytes) in the folder, which is created if needed. A file
 * that is not the bank of this key is started anew. */
dn_status dn_feature_bank_open(const char *folder, uint64_t limit, const char *key, size_t rows,
                               size_t dimensions, dn_feature_bank *bank, dn_error *error);
void dn_feature_bank_close(dn_feature_bank *bank);

/* Finds the record of an image, even if another process stored it meanwhile. 1 if there is one. */
int dn_feature_bank_find(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t *record);

/* Reads one row of a record that was found. 1 if it is undamaged; otherwise `features` may hold
 * anything. */
int dn_feature_bank_read(const dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t record, size_t row, float *features);

/* Stores features[rows][dimensions] of an image; replaces its record if it has one. DN_ERROR_IO
 * when the disk or the limit leaves no room. */
dn_status dn_feature_bank_store(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                                const float *features, dn_error *error);

#endif
