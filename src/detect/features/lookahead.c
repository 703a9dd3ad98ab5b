#include "detect/features/lookahead.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/formats/kind.h"

#include <string.h>

typedef struct dn_expected {
    dn_background_task task;
    dn_levels levels;
    char *path;
    int has_digest;
    dn_picture picture;
} dn_expected;

dn_status dn_lookahead_create(dn_lookahead *ahead, dn_error *error) {
    *ahead = (dn_lookahead){0};
    if (pthread_mutex_init(&ahead->lock, NULL) != 0)
        return dn_fail(error, DN_ERROR_MEMORY, "cannot create a lock");
    return DN_OK;
}

/* ---- one file ---- */

/* Digest and image come from the same read of the file. */
static dn_status decode(const char *path, const dn_levels *levels, int has_digest,
                        dn_picture *picture, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    DN_TRY(dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    dn_status status =
        has_digest ? dn_sample_digest(bytes, size, path, picture->digest, error) : DN_OK;
    if (status == DN_OK)
        status = dn_image_decode(bytes, size, path, levels, &picture->image, error);
    dn_release(bytes);
    return status;
}

static void read_expected(void *context) {
    dn_expected *self = context;
    decode(self->path, &self->levels, self->has_digest, &self->picture, &self->picture.failure);
}

static void release_expected(dn_expected *self) {
    if (!self)
        return;
    dn_image_free(&self->picture.image);
    dn_release(self->path);
    dn_release(self);
}

static void forget(dn_expected *self) {
    if (!self)
        return;
    dn_background_task_wait(&self->task);
    release_expected(self);
}

static dn_expected *begin_reading(const char *path, const dn_levels *levels,
                                  const uint8_t *digest) {
    void *block;
    if (dn_allocate(&block, 1, sizeof(dn_expected), NULL) != DN_OK)
        return NULL;
    dn_expected *self = block;
    self->levels = *levels;
    self->has_digest = digest != NULL;
    if (digest)
        memcpy(self->picture.digest, digest, DN_DIGEST_BYTES);
    if (dn_copy_text(&self->path, path, NULL) == DN_OK &&
        dn_background_task_start(&self->task, read_expected, self))
        return self;
    release_expected(self);
    return NULL;
}

/* ---- the list of expected files ---- */

static dn_expected *remove_at(dn_lookahead *ahead, size_t place) {
    dn_expected *removed = ahead->expected[place];
    for (size_t i = place; i + 1 < DN_LOOKAHEAD_MOST; i++)
        ahead->expected[i] = ahead->expected[i + 1];
    ahead->expected[DN_LOOKAHEAD_MOST - 1] = NULL;
    return removed;
}

static size_t find_expected(const dn_lookahead *ahead, const char *path, int has_digest) {
    size_t i = 0;
    while (i < DN_LOOKAHEAD_MOST &&
           !(ahead->expected[i] && ahead->expected[i]->has_digest == has_digest &&
             strcmp(ahead->expected[i]->path, path) == 0))
        i++;
    return i;
}

static dn_expected *take(dn_lookahead *ahead, const char *path, int has_digest) {
    pthread_mutex_lock(&ahead->lock);
    size_t place = find_expected(ahead, path, has_digest);
    dn_expected *taken = place < DN_LOOKAHEAD_MOST ? remove_at(ahead, place) : NULL;
    pthread_mutex_unlock(&ahead->lock);
    return taken;
}

void dn_lookahead_expect(dn_lookahead *ahead, const char *path, const uint8_t *digest) {
    dn_expected *oldest = NULL, *added = begin_reading(path, &ahead->levels, digest);
    if (!added)
        return;
    pthread_mutex_lock(&ahead->lock);
    if (ahead->expected[DN_LOOKAHEAD_MOST - 1])
        oldest = remove_at(ahead, 0);
    size_t place = 0;
    while (ahead->expected[place])
        place++;
    ahead->expected[place] = added;
    pthread_mutex_unlock(&ahead->lock);
    forget(oldest);
}

void dn_lookahead_expect_small(dn_lookahead *ahead, const char *path, const uint8_t *digest) {
    if (dn_file_decoded_bytes(path) <= DN_LOOKAHEAD_MOST_BYTES)
        dn_lookahead_expect(ahead, path, digest);
}

int dn_lookahead_take(dn_lookahead *ahead, const char *path, int has_digest, dn_picture *picture) {
    dn_expected *expected = take(ahead, path, has_digest);
    if (!expected)
        return 0;
    dn_background_task_wait(&expected->task);
    *picture = expected->picture;
    expected->picture.image = (dn_image){0};
    release_expected(expected);
    return 1;
}

void dn_lookahead_destroy(dn_lookahead *ahead) {
    for (size_t i = 0; i < DN_LOOKAHEAD_MOST; i++)
        forget(ahead->expected[i]);
    pthread_mutex_destroy(&ahead->lock);
}
