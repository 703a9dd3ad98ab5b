/* The image files of the watched folders: a table by folder and name, and a list of those that wait
 * to be scored. About 200 bytes for each file that lies in a folder, and none for others. */
#ifndef DN_PROGRAM_WATCH_CANDIDATES_H
#define DN_PROGRAM_WATCH_CANDIDATES_H

#include "program/file_identity.h"

#include <stddef.h>

/* What became of a picture; --move-to has a folder for each. */
typedef enum dn_watch_place {
    DN_PLACE_PASS,
    DN_PLACE_REVIEW,
    DN_PLACE_FAIL,
    DN_PLACE_ERROR,
    DN_PLACES
} dn_watch_place;

typedef struct dn_candidate {
    struct dn_candidate *next;           /* in its bucket */
    struct dn_candidate *before, *after; /* in the list of those that wait */
    size_t folder;
    dn_file_identity seen;   /* at the last look */
    dn_file_identity scored; /* what the last row is of, if has_row */
    dn_watch_place place;    /* of that row */
    unsigned has_row : 1, waits : 1, moved_in : 1, is_unmoved : 1;
    unsigned restless_was_told : 1, unmoved_was_told : 1;
    unsigned look;      /* the last look at the folder that found it */
    unsigned writes;    /* since it was last read: times closed after writing or moved in */
    unsigned tries;     /* to read what was seen */
    double changed_at;  /* when `seen` last changed; all times in seconds of dn_program_seconds */
    double waits_since; /* when it began to wait */
    double failed_at;   /* of the first try that failed; 0: none */
    double next_try;
    char name[];
} dn_candidate;

typedef struct dn_candidates {
    dn_candidate **buckets;
    size_t bucket_count, count;
    dn_candidate *first, *last; /* those that wait, in the order in which they began to */
} dn_candidates;

dn_candidate *dn_candidate_find(const dn_candidates *self, size_t folder, const char *name);

/* Finds or adds one; NULL if memory ran out. */
dn_candidate *dn_candidate_get(dn_candidates *self, size_t folder, const char *name);
void dn_candidate_forget(dn_candidates *self, dn_candidate *candidate);

void dn_candidate_wait(dn_candidates *self, dn_candidate *candidate);
void dn_candidate_rest(dn_candidates *self, dn_candidate *candidate);

void dn_candidates_free(dn_candidates *self);

#endif
