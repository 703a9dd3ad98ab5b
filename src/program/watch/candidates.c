#include "program/watch/candidates.h"

#include "program/clock.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a */
static size_t bucket_of(const dn_candidates *self, size_t folder, const char *name) {
    uint64_t hash = UINT64_C(14695981039346656037) ^ folder;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32) & (self->bucket_count - 1);
}

dn_candidate *dn_candidate_find(const dn_candidates *self, size_t folder, const char *name) {
    dn_candidate *found = self->bucket_count ? self->buckets[bucket_of(self, folder, name)] : NULL;
    while (found && (found->folder != folder || strcmp(found->name, name) != 0))
        found = found->next;
    return found;
}

static int grow(dn_candidates *self) {
    if (self->count < self->bucket_count)
        return 1;
    dn_candidates larger = *self;
    larger.bucket_count = self->bucket_count ? 2 * self->bucket_count : 256;
    larger.buckets = calloc(larger.bucket_count, sizeof(dn_candidate *));
    if (!larger.buckets)
        return 0;
    for (size_t i = 0; i < self->bucket_count; i++)
        for (dn_candidate *moved = self->buckets[i], *next; moved; moved = next) {
            size_t bucket = bucket_of(&larger, moved->folder, moved->name);
            next = moved->next;
            moved->next = larger.buckets[bucket];
            larger.buckets[bucket] = moved;
        }
    free(self->buckets);
    *self = larger;
    return 1;
}

dn_candidate *dn_candidate_get(dn_candidates *self, size_t folder, const char *name) {
    size_t size = strlen(name) + 1;
    dn_candidate *found = dn_candidate_find(self, folder, name);
    if (found)
        return found;
    found = grow(self) ? calloc(1, sizeof *found + size) : NULL;
    if (!found)
        return NULL;
    size_t bucket = bucket_of(self, folder, name);
    found->folder = folder;
    found->next = self->buckets[bucket];
    memcpy(found->name, name, size);
    self->buckets[bucket] = found;
    self->count++;
    return found;
}

void dn_candidate_forget(dn_candidates *self, dn_candidate *candidate) {
    dn_candidate **link = &self->buckets[bucket_of(self, candidate->folder, candidate->name)];
    dn_candidate_rest(self, candidate);
    while (*link != candidate)
        link = &(*link)->next;
    *link = candidate->next;
    self->count--;
    free(candidate);
}

void dn_candidate_wait(dn_candidates *self, dn_candidate *candidate) {
    if (candidate->waits)
        return;
    candidate->waits = 1;
    candidate->waits_since = candidate->changed_at = dn_program_seconds();
    candidate->failed_at = candidate->next_try = 0;
    candidate->tries = 0;
    candidate->restless_was_told = 0;
    candidate->before = self->last;
    candidate->after = NULL;
    *(self->last ? &self->last->after : &self->first) = candidate;
    self->last = candidate;
}

void dn_candidate_rest(dn_candidates *self, dn_candidate *candidate) {
    if (!candidate->waits)
        return;
    *(candidate->before ? &candidate->before->after : &self->first) = candidate->after;
    *(candidate->after ? &candidate->after->before : &self->last) = candidate->before;
    candidate->before = candidate->after = NULL;
    candidate->waits = candidate->moved_in = 0;
}

void dn_candidates_free(dn_candidates *self) {
    for (size_t i = 0; i < self->bucket_count; i++)
        for (dn_candidate *freed = self->buckets[i], *next; freed; freed = next) {
            next = freed->next;
            free(freed);
        }
    free(self->buckets);
    *self = (dn_candidates){0};
}
