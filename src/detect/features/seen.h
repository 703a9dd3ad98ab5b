/* What a model has seen in training: digests of the prepared pictures, so that calibration can
 * refuse them, and the range of their plain statistics, so that later pictures that are like none
 * of them are noticed (docs/verdict.md). A model file keeps the digests as a tensor "seen" and the
 * ranges as JSON under the metadata key "seen". */
#ifndef DN_DETECT_FEATURES_SEEN_H
#define DN_DETECT_FEATURES_SEEN_H

#include "detect/features/extractor.h"
#include "image/properties.h"

/* The first bytes of a SHA-256 of the pixels that the network sees. Among a million pictures two
 * different ones share a digest with probability 3e-8. */
enum { DN_SEEN_DIGEST = 8 };

/* Digests kept at most: the first ones in the order of the data set. */
#define DN_SEEN_MOST 1000000

typedef uint8_t dn_seen_digest[DN_SEEN_DIGEST];

typedef struct dn_seen {
    size_t images;           /* measured; 0: nothing is known, as in models of before */
    dn_seen_digest *digests; /* rising; owned */
    size_t digest_count;
    double lowest[DN_PROPERTIES], highest[DN_PROPERTIES];
} dn_seen;

/* What is kept of one picture file; `is_readable` 0: it could not be read. */
typedef struct dn_seen_picture {
    dn_seen_digest digest;
    int is_readable;
    double values[DN_PROPERTIES];
} dn_seen_picture;

/* Looks at picture files, in parallel; *pictures [count] is the caller's: dn_release. Files that
 * cannot be read are marked. Without `digests` the digests are zeros. DN_ERROR_MEMORY;
 * DN_CANCELLED if the observer stops it. */
dn_status dn_seen_look(const dn_extractor *extractor, const dn_sample *samples, size_t count,
                       int threads, int digests, const dn_observer *observer,
                       dn_seen_picture **pictures, dn_error *error);

/* Looks at training pictures. */
dn_status dn_seen_collect(const dn_extractor *extractor, const dn_sample *samples, size_t count,
                          int threads, const dn_observer *observer, dn_seen *seen, dn_error *error);
void dn_seen_free(dn_seen *seen);

/* Whether a picture with those prepared pixels was trained on. */
int dn_seen_knows(const dn_seen *seen, const dn_seen_digest digest);

/* The range of a property that counts as seen: that of the training pictures, and a margin. */
void dn_seen_range(const dn_seen *seen, dn_property property, double *low, double *high);

enum { DN_SEEN_TEXT = 256 };

/* Whether a picture lies outside; the text then says of what. Never, if nothing is known. */
int dn_seen_is_unlike(const dn_seen *seen, const double values[DN_PROPERTIES],
                      char text[DN_SEEN_TEXT]);

/* The metadata: {"images": 40, "size": [40000, 40000], ...}. Parsing sets all but the digests.
 * DN_ERROR_FORMAT. */
dn_status dn_seen_to_json(const dn_seen *seen, char **json, dn_error *error);
dn_status dn_seen_parse(const char *name, const char *json, dn_seen *seen, dn_error *error);

/* Takes a copy of the digests of a model file. DN_ERROR_FORMAT if they do not rise. */
dn_status dn_seen_take_digests(const char *name, const uint8_t *digests, size_t count,
                               dn_seen *seen, dn_error *error);

#endif
