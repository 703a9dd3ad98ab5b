/* Features of image files at views that are the same in every run: from the bank on disk where they
 * are in it, else computed and put there. Without a bank (cache_limit 0, a folder that cannot be
 * written) everything is computed when asked for. */
#ifndef DN_TRAIN_FEATURE_SOURCE_H
#define DN_TRAIN_FEATURE_SOURCE_H

#include "bank/feature_bank.h"
#include "dataset/dataset.h"
#include "detect/lookahead.h"
#include "train/feature_key.h"

typedef struct dn_feature_source {
    dn_extractor *extractor; /* the caller's, as config, observer and what `views` points to */
    const dn_config *config;
    const dn_observer *observer;
    dn_views views;
    size_t dimensions;
    dn_feature_bank bank; /* descriptor -1: there is none */
    int stores;           /* 0 once the bank refused a record */
    dn_lookahead ahead;
    int computes;    /* whether the image asked for last was in no bank */
    float *features; /* [views.count][dimensions] of the image asked for last */
    uint8_t held[DN_DIGEST_BYTES];
    int holds;       /* whether `features` are those of the image `held` */
    size_t computed; /* images, so far */
} dn_feature_source;

/* A bank that cannot be opened is told to the observer, not a failure. */
dn_status dn_feature_source_create(dn_extractor *extractor, const dn_config *config,
                                   const dn_feature_origin *origin, dn_views_kind kind, int count,
                                   const dn_observer *observer, dn_feature_source *source,
                                   dn_error *error);
void dn_feature_source_destroy(dn_feature_source *source);

int dn_feature_source_has_bank(const dn_feature_source *source);

/* Makes source->features those of an image file. `digest` is its SHA-256 or zeros, which are then
 * filled in; a file of another content is a failure of the image. That, and whatever else is wrong
 * with the image, goes to `failure`, and `error` to whatever is wrong with us: the result is DN_OK
 * then, and failure->status is not. */
dn_status dn_feature_source_get(dn_feature_source *source, const char *path,
                                uint8_t digest[DN_DIGEST_BYTES], dn_error *failure,
                                dn_error *error);

/* Will be asked for next: begins to read it, where that seems worth it. */
void dn_feature_source_expect(dn_feature_source *source, const char *path,
                              const uint8_t digest[DN_DIGEST_BYTES]);

/* features[count][dimensions] of some views alone; a failure of the image is one of the call. What
 * the bank lacks and cannot take any more is computed each time, and only that. */
dn_status dn_feature_source_rows(dn_feature_source *source, const char *path,
                                 uint8_t digest[DN_DIGEST_BYTES], const uint32_t *rows, int count,
                                 float *features, dn_error *error);

#endif
