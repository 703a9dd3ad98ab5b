/* The features that a training keeps (docs/bank.md), computed by processes that share the pictures.
 */
#ifndef DN_API_PARTS_FEATURES_IN_PARTS_H
#define DN_API_PARTS_FEATURES_IN_PARTS_H

#include "base/share.h"
#include "parts/part.h"
#include "train/features/feature_source.h"

/* Pictures whose features one source keeps. */
typedef struct dn_feature_range {
    dn_feature_source *source;
    const dn_sample *samples;
    size_t count;
    int may_fail; /* a picture that cannot be read is left out */
} dn_feature_range;

enum { DN_FEATURE_RANGES = 4 };

typedef struct dn_feature_work {
    dn_feature_range ranges[DN_FEATURE_RANGES];
    size_t range_count;
    dn_share share; /* of all pictures, numbered one after the other */
    const dn_observer *observer;
} dn_feature_work;

/* Computes what the sources do not have yet. With `part`, which must be of the work's share, also
 * writes all features of the share into it, and calls `sink` after each picture. */
dn_status dn_features_compute(dn_feature_work *work, dn_part *part, dn_part_sink *sink, void *user,
                              dn_error *error);

/* Keeps the features that the parts hold, in the order of the pictures. */
dn_status dn_features_take(dn_feature_work *work, const dn_parts *parts, dn_error *error);

/* ---- an item of a part ---- */

/* KEY DIGEST WIDTH HEIGHT ROWS, a newline, and rows * dimensions floats; or "unreadable". */
typedef struct dn_feature_item {
    int is_readable;
    uint8_t key[DN_DIGEST_BYTES], digest[DN_DIGEST_BYTES]; /* of the bank; of the file */
    int width, height;                                     /* 0: unknown */
    size_t rows;
    const char *floats; /* not aligned */
    size_t float_count;
} dn_feature_item;

/* 1 if the bytes are an item; zero-terminated, as dn_parts_item gives them. */
int dn_feature_item_parse(const char *bytes, size_t size, dn_feature_item *item);

#endif
