/* Features of image files at views that are the same in every run. They are read from the bank on
 * disk, or computed and stored there. With tiles the bank has a record for each, of all its views,
 * and one that holds the picture's extents. Without a bank (cache_limit 0, or a folder that cannot
 * be written) they are computed at every request. */
#ifndef DN_TRAIN_FEATURE_SOURCE_H
#define DN_TRAIN_FEATURE_SOURCE_H

#include "bank/feature_bank.h"
#include "dataset/dataset.h"
#include "detect/features/lookahead.h"
#include "train/features/feature_key.h"

typedef struct dn_feature_source {
    dn_extractor *extractor; /* the caller's, as are config, observer and what `views` points to */
    const dn_config *config;
    const dn_observer *observer;
    dn_views views;
    size_t dimensions;
    dn_feature_bank bank; /* descriptor -1: there is no bank */
    int stores;           /* 0 after the bank refused a record */
    dn_lookahead ahead;
    int computes;          /* whether the last image was in no bank */
    float *features;       /* [rows][dimensions] of the last image: all its tiles' views */
    size_t rows, capacity; /* capacity in floats */
    int width, height;     /* of the last image; 0: unknown, and without tiles */
    uint8_t held[DN_DIGEST_BYTES];
    int holds;       /* whether `features` are those of the image `held` */
    size_t computed; /* images computed so far */
} dn_feature_source;

/* If the bank cannot be opened, the observer is told, and the source works without it. */
dn_status dn_feature_source_create(dn_extractor *extractor, const dn_config *config,
                                   const dn_feature_origin *origin, dn_views_kind kind, int count,
                                   const dn_observer *observer, dn_feature_source *source,
                                   dn_error *error);
void dn_feature_source_destroy(dn_feature_source *source);

int dn_feature_source_has_bank(const dn_feature_source *source);

/* Sets source->features to those of an image file. `digest` is the file's SHA-256, or zeros, which
 * are then replaced by it; another content is a failure of the image. Failures of the image go to
 * `failure`, and the result is DN_OK; all others go to `error`. */
dn_status dn_feature_source_get(dn_feature_source *source, const char *path,
                                uint8_t digest[DN_DIGEST_BYTES], dn_error *failure,
                                dn_error *error);

/* Keeps features[rows][dimensions] of an image file that another process has computed, unless the
 * bank has them; width and height are the image's. DN_ERROR_DATA if they do not fit together,
 * DN_ERROR_IO if the bank, which there must be, takes no more. */
dn_status dn_feature_source_put(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES],
                                int width, int height, const float *features, size_t rows,
                                dn_error *error);

/* The number of views of an image file; they are computed if nothing else tells it. A failure of
 * the image is a failure of the call. */
dn_status dn_feature_source_total(dn_feature_source *source, const char *path,
                                  uint8_t digest[DN_DIGEST_BYTES], size_t *total, dn_error *error);

/* Announces the next image, so that it may be read ahead. */
void dn_feature_source_expect(dn_feature_source *source, const char *path,
                              const uint8_t digest[DN_DIGEST_BYTES]);

/* features[count][dimensions] of some of the views; a failure of the image is a failure of the
 * call. Views that are not in the bank, and no longer fit in, are computed at every call, and no
 * others. */
dn_status dn_feature_source_rows(dn_feature_source *source, const char *path,
                                 uint8_t digest[DN_DIGEST_BYTES], const uint32_t *rows, int count,
                                 float *features, dn_error *error);

#endif
