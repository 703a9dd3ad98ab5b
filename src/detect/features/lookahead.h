/* Reads and decodes pictures that will be needed soon, in background threads, while the caller
 * computes with others. The result is the same as that of reading the file later, failures
 * included. */
#ifndef DN_DETECT_LOOKAHEAD_H
#define DN_DETECT_LOOKAHEAD_H

#include "dataset/dataset.h"
#include "image/levels.h"

#include <pthread.h>

/* A decoded file; there is no image unless `failure.status` is DN_OK. */
typedef struct dn_picture {
    dn_image image;
    uint8_t digest[DN_DIGEST_BYTES]; /* of the file, if it was asked for */
    dn_error failure;
} dn_picture;

enum { DN_LOOKAHEAD_MOST = 4, DN_LOOKAHEAD_MOST_BYTES = 48000000 };

typedef struct dn_lookahead {
    dn_levels levels; /* of deep pictures; set before the first one is expected */
    pthread_mutex_t lock;
    struct dn_expected *expected[DN_LOOKAHEAD_MOST]; /* oldest first, then NULL */
} dn_lookahead;

dn_status dn_lookahead_create(dn_lookahead *ahead, dn_error *error);
void dn_lookahead_destroy(dn_lookahead *ahead);

/* Starts to read a file, if there are a thread and memory for it. Of more than DN_LOOKAHEAD_MOST
 * files that nobody has taken, the oldest is dropped. `digest` NULL: the file's digest is not
 * needed; zeros: it is computed; otherwise it must match the file's. Thread-safe. */
void dn_lookahead_expect(dn_lookahead *ahead, const char *path, const uint8_t *digest);

/* With tiles pictures are large: the same for a file whose header says that its picture takes at
 * most DN_LOOKAHEAD_MOST_BYTES bytes; else does nothing. */
void dn_lookahead_expect_small(dn_lookahead *ahead, const char *path, const uint8_t *digest);

/* Waits for the picture of an expected file and returns 1; the caller frees its image. Returns 0
 * for a file that is not expected, or not with the same `has_digest`. Thread-safe. */
int dn_lookahead_take(dn_lookahead *ahead, const char *path, int has_digest, dn_picture *picture);

#endif
