/* Whether a class mixes depths, and which images exceed the levels of train/. */
#include "base/text.h"
#include "check/findings.h"

#include <stdio.h>

enum { MOST_BITS = 64 };

/* Images without levels count as 8 bits, also those of fewer. */
static int depth_of(const dn_record *record) {
    return record->depth.is_mapped && record->depth.bits <= MOST_BITS ? record->depth.bits : 8;
}

static dn_status find_mixture(const dn_check_subject *subject, dn_checked_class *class,
                              dn_error *error) {
    size_t counts[MOST_BITS + 1] = {0};
    int depths = 0;
    dn_text about = {0};
    dn_finding *finding;
    char *text;
    for (size_t i = 0; i < subject->dataset->count; i++)
        if (dn_record_readable(&subject->records[i]))
            counts[depth_of(&subject->records[i])]++;
    for (int bits = 0; bits <= MOST_BITS; bits++)
        if (counts[bits] > 0)
            dn_text_append(&about, "%s%zu of %d bits a sample", depths++ ? ", " : "", counts[bits],
                           bits);
    if (depths < 2) {
        dn_text_destroy(&about);
        return DN_OK;
    }
    DN_TRY(dn_text_take(&about, &text, error));
    dn_status status = dn_finding_add(class, DN_FINDING_DEPTHS, text, &finding, error);
    dn_text_free(text);
    return status;
}

/* The rule by which predict warns: more than twice the share of any training image. */
static dn_status find_outside(const dn_check_subject *subject, dn_checked_class *class,
                              dn_error *error) {
    char detail[128];
    for (size_t i = 0; i < subject->dataset->count; i++) {
        const dn_depth *depth = &subject->records[i].depth;
        if (!(depth->outside > 2 * class->levels.outside))
            continue;
        snprintf(detail, sizeof detail, "%.3g %% of its samples, which are %g to %g",
                 100 * depth->outside, depth->lowest, depth->highest);
        DN_TRY(dn_finding_put(class, DN_FINDING_OUTSIDE_LEVELS, subject->dataset->samples[i].name,
                              detail, error));
    }
    return DN_OK;
}

dn_status dn_find_depths(const dn_check_subject *subject, dn_checked_class *class,
                         dn_error *error) {
    DN_TRY(find_mixture(subject, class, error));
    return find_outside(subject, class, error);
}
