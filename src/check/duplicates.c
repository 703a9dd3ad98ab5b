/* Images with the same pixels: within a split, in several splits, with two labels. */
#include "base/memory.h"
#include "check/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct digest_place {
    const char *digest;
    size_t sample;
} digest_place;

static int by_digest(const void *left, const void *right) {
    const digest_place *a = left, *b = right;
    int order = strcmp(a->digest, b->digest);
    return order ? order : a->sample < b->sample ? -1 : a->sample > b->sample;
}

/* Which rules a group of equal images breaks. */
typedef struct breach {
    int splits, labels;
} breach;

static breach examine_group(const dn_sample *samples, const digest_place *group, size_t count) {
    breach found = {0};
    const dn_sample *first = &samples[group[0].sample];
    for (size_t i = 1; i < count; i++) {
        const dn_sample *other = &samples[group[i].sample];
        found.splits |= other->split != first->split;
        found.labels |= other->label != first->label;
    }
    return found;
}

static dn_status name_group(dn_checked_class *class, dn_rule_id rule, const dn_sample *samples,
                            const digest_place *group, size_t count, dn_error *error) {
    for (size_t i = 1; i < count; i++) {
        char detail[512];
        snprintf(detail, sizeof detail, "the same as %.480s", samples[group[0].sample].name);
        DN_TRY(dn_finding_put(class, rule, samples[group[i].sample].name, detail, error));
    }
    return DN_OK;
}

static dn_status judge_group(dn_checked_class *class, const dn_sample *samples,
                             const digest_place *group, size_t count, dn_error *error) {
    if (count < 2)
        return DN_OK;
    breach found = examine_group(samples, group, count);
    if (found.splits)
        DN_TRY(name_group(class, DN_FINDING_LEAK, samples, group, count, error));
    if (found.labels)
        DN_TRY(name_group(class, DN_FINDING_TWO_LABELS, samples, group, count, error));
    if (!found.splits && !found.labels)
        DN_TRY(name_group(class, DN_FINDING_DUPLICATE, samples, group, count, error));
    return DN_OK;
}

static dn_status judge_groups(dn_checked_class *class, const dn_sample *samples,
                              const digest_place *places, size_t count, dn_error *error) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && strcmp(places[begin].digest, places[end].digest) == 0;)
            end++;
        DN_TRY(judge_group(class, samples, places + begin, end - begin, error));
    }
    return DN_OK;
}

dn_status dn_find_duplicates(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error) {
    void *block;
    size_t count = 0;
    DN_TRY(dn_allocate(&block, subject->dataset->count, sizeof(digest_place), error));
    digest_place *places = block;
    for (size_t i = 0; i < subject->dataset->count; i++)
        if (subject->records[i].digest[0])
            places[count++] = (digest_place){subject->records[i].digest, i};
    if (count > 0)
        qsort(places, count, sizeof *places, by_digest);
    dn_status status = judge_groups(class, subject->dataset->samples, places, count, error);
    dn_release(block);
    return status;
}
