/* Views of an image that are the same in every run, so that their features can be kept. */
#ifndef DN_DETECT_VIEWS_H
#define DN_DETECT_VIEWS_H

#include "base/digest.h"
#include "base/observer.h"
#include "detect/features/extractor.h"

typedef enum dn_views_kind {
    DN_VIEWS_EVEN,  /* rotations k * 360 / count, nothing else: scoring */
    DN_VIEWS_SPREAD /* rotations -180 + (k + u) * 360 / count, u in [0, 1) of the image's own, and
                       one draw of jitter and noise for each: training from the bank */
} dn_views_kind;

typedef void dn_views_seen(void *user, int tile);

typedef struct dn_views {
    dn_views_kind kind;
    int count;
    const dn_config *config; /* the caller's */
    const dn_cancel *cancel; /* the caller's; asked before each batch; NULL: never */
    /* called when the upright view of a tile went through the extractor, which has its places
     * selected; NULL: none */
    dn_views_seen *seen;
    void *seen_user;
} dn_views;

/* Views are numbered tile by tile, `count` of each. Their number for a picture of that size. */
dn_status dn_views_total(const dn_views *views, dn_extractor *extractor, int width, int height,
                         size_t *total, dn_error *error);

/* View `index` of an image without its tile; its random numbers come from `digest`, the SHA-256 of
 * its file (NULL for DN_VIEWS_EVEN), never from the training's seed. */
dn_view dn_views_at(const dn_views *views, const uint8_t *digest, const dn_image *image, int index);

/* features[count][dimensions] of the views of these numbers, then of all of them, then of views
 * first .. first + count - 1. */
dn_status dn_views_extract_some(const dn_views *views, dn_extractor *extractor,
                                const uint8_t *digest, const dn_image *image,
                                const uint32_t *numbers, int count, float *features,
                                dn_error *error);
dn_status dn_views_extract(const dn_views *views, dn_extractor *extractor, const uint8_t *digest,
                           const dn_image *image, float *features, dn_error *error);
dn_status dn_views_extract_range(const dn_views *views, dn_extractor *extractor,
                                 const uint8_t *digest, const dn_image *image, size_t first,
                                 size_t count, float *features, dn_error *error);

/* Passes all views, in their order, and calls views->seen for each, not only for upright ones. The
 * features are of no use. `features`: room for DN_EXTRACTOR_BATCH views, without tiles for one. */
dn_status dn_views_see(const dn_views *views, dn_extractor *extractor, const dn_image *image,
                       float *features, dn_error *error);

#endif
