/* Images of a data set as the network sees them. They are prepared once if they fit in the memory
 * set aside, otherwise at every request. */
#ifndef DN_TRAIN_IMAGE_STORE_H
#define DN_TRAIN_IMAGE_STORE_H

#include "dataset/dataset.h"
#include "detect/features/extractor.h"

typedef struct dn_image_store {
    const dn_sample *samples;
    size_t count;
    const dn_extractor *extractor; /* the caller's */
    int threads;
    dn_image *kept; /* [kept_count]: the first samples, kept for good */
    size_t kept_count;
    dn_image *slots; /* [slot_count]: the images of the last request */
    size_t slot_count;
    dn_error *failures; /* [slot_count]: one for each image of a request */
} dn_image_store;

/* A request asks for at most `most` images; at most `bytes` of pixels are kept. */
dn_status dn_image_store_create(const dn_sample *samples, size_t count,
                                const dn_extractor *extractor, size_t most, size_t bytes,
                                int threads, dn_image_store *store, dn_error *error);
void dn_image_store_destroy(dn_image_store *store);

/* images[i] of samples[indices[i]], valid until the next call. If images cannot be read, the
 * failure names the first of them, in the order of the request. */
dn_status dn_image_store_load(dn_image_store *store, const uint32_t *indices, size_t count,
                              const dn_image **images, dn_error *error);

#endif
