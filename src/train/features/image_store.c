#include "train/features/image_store.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <string.h>

static dn_status init_image_store(dn_image_store *store, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, store->kept_count, sizeof(dn_image), error));
    store->kept = block;
    DN_TRY(dn_allocate(&block, store->slot_count, sizeof(dn_image), error));
    store->slots = block;
    DN_TRY(dn_allocate(&block, store->slot_count, sizeof(dn_error), error));
    store->failures = block;
    return DN_OK;
}

dn_status dn_image_store_create(const dn_sample *samples, size_t count,
                                const dn_extractor *extractor, size_t most, size_t bytes,
                                int threads, dn_image_store *store, dn_error *error) {
    size_t fit = bytes / dn_extractor_image_bytes(extractor);
    *store = (dn_image_store){
        .samples = samples,
        .count = count,
        .extractor = extractor,
        .threads = threads,
        .kept_count = fit < count ? fit : count,
        .slot_count = most,
    };
    dn_status status = init_image_store(store, error);
    if (status != DN_OK)
        dn_image_store_destroy(store);
    return status;
}

void dn_image_store_destroy(dn_image_store *store) {
    for (size_t i = 0; store->kept && i < store->kept_count; i++)
        dn_image_free(&store->kept[i]);
    for (size_t i = 0; store->slots && i < store->slot_count; i++)
        dn_image_free(&store->slots[i]);
    dn_release(store->kept);
    dn_release(store->slots);
    dn_release(store->failures);
    *store = (dn_image_store){0};
}

typedef struct request {
    dn_image_store *store;
    const uint32_t *indices;
    const dn_image **images;
} request;

/* Only bytes with the digest in the data set's fingerprint are accepted. */
static dn_status read_sample(const dn_image_store *store, const dn_sample *sample, dn_image *image,
                             dn_error *error) {
    uint8_t *bytes, digest[DN_DIGEST_BYTES];
    size_t size;
    memcpy(digest, sample->digest, sizeof digest);
    DN_TRY(dn_file_read(sample->path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    dn_status status = dn_sample_digest(bytes, size, sample->path, digest, error);
    if (status == DN_OK)
        status = dn_extractor_decode(store->extractor, bytes, size, sample->path, image, error);
    dn_release(bytes);
    return status;
}

static void load_range(void *context, size_t begin, size_t end) {
    const request *self = context;
    dn_image_store *store = self->store;
    for (size_t i = begin; i < end; i++) {
        uint32_t index = self->indices[i];
        dn_image *image = index < store->kept_count ? &store->kept[index] : &store->slots[i];
        store->failures[i].status = DN_OK;
        self->images[i] = image;
        if (index < store->kept_count && image->pixels)
            continue;
        dn_image_free(image);
        read_sample(store, &store->samples[index], image, &store->failures[i]);
    }
}

dn_status dn_image_store_load(dn_image_store *store, const uint32_t *indices, size_t count,
                              const dn_image **images, dn_error *error) {
    request context = {store, indices, images};
    if (count > store->slot_count)
        return dn_fail(error, DN_ERROR_ARGUMENT, "image store: %zu images at once, planned for %zu",
                       count, store->slot_count);
    dn_parallel_for(store->threads, count, 1, load_range, &context);
    for (size_t i = 0; i < count; i++)
        if (store->failures[i].status != DN_OK)
            return dn_fail(error, store->failures[i].status, "%s", store->failures[i].message);
    return DN_OK;
}
