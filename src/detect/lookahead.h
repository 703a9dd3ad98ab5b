/* Pictures that will be wanted soon are read and decoded by threads of their own, while the
 * processors are at work on others. What comes of it is what reading the file would have given,
 * failures too. */
#ifndef DN_DETECT_LOOKAHEAD_H
#define DN_DETECT_LOOKAHEAD_H

#include "dataset/dataset.h"
#include "image/levels.h"

#include <pthread.h>

/* As it is in its file; `failure.status` is DN_OK, or there is no image. */
typedef struct dn_picture {
    dn_image image;
    uint8_t digest[DN_DIGEST_BYTES]; /* of the file, where it was asked for */
    dn_error failure;
} dn_picture;

enum { DN_LOOKAHEAD_MOST = 4 };

typedef struct dn_lookahead {
    dn_levels levels; /* of deep pictures; set before the first one is expected */
    pthread_mutex_t lock;
    struct dn_expected *expected[DN_LOOKAHEAD_MOST]; /* oldest first, then NULL */
} dn_lookahead;

dn_status dn_lookahead_create(dn_lookahead *ahead, dn_error *error);
void dn_lookahead_destroy(dn_lookahead *ahead);

/* Begins with a file, if there are a thread and the memory for it; the oldest of too many that
 * nobody asked for is forgotten. `digest` NULL: the file's is not wanted; else it is a known one,
 * which the file is held against, or zeros. Thread-safe. */
void dn_lookahead_expect(dn_lookahead *ahead, const char *path, const uint8_t *digest);

/* The picture of a file that is expected with or without its digest, once it is there; the caller
 * frees its image. Returns 0 for a file that is not expected. Thread-safe. */
int dn_lookahead_take(dn_lookahead *ahead, const char *path, int has_digest, dn_picture *picture);

#endif
