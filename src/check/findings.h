/* A class's list of findings, and the checks that fill it. */
#ifndef DN_CHECK_FINDINGS_H
#define DN_CHECK_FINDINGS_H

#include "check/record.h"

typedef enum dn_rule_id {
    DN_FINDING_FOLDER,
    DN_FINDING_NO_TRAIN,
    DN_FINDING_UNREADABLE,
    DN_FINDING_LEAK,
    DN_FINDING_TWO_LABELS,
    DN_FINDING_MASK_ORPHAN,
    DN_FINDING_MASK_UNREADABLE,
    DN_FINDING_MASK_SIZE,
    DN_FINDING_ROI,
    DN_FINDING_FEW_TRAIN,
    DN_FINDING_NO_TEST,
    DN_FINDING_NO_TEST_GOOD,
    DN_FINDING_NO_TEST_DEFECT,
    DN_FINDING_PASSED_OVER,
    DN_FINDING_DEPTHS,
    DN_FINDING_OUTSIDE_LEVELS,
    DN_FINDING_ORIENTATION,
    DN_FINDING_PAGES,
    DN_FINDING_ONE_PIXEL,
    DN_FINDING_DUPLICATE,
    DN_FINDING_MASK_MISSING,
    DN_FINDING_MASK_EMPTY,
    DN_FINDING_MASK_GREY,
    DN_FINDING_ROI_LOOK,
    DN_FINDING_UNLIKE,
    DN_FINDING_RULES
} dn_rule_id;

/* Appends a finding to the class's list. Copies `about`, which may be NULL. */
dn_status dn_finding_add(dn_checked_class *class, dn_rule_id rule, const char *about,
                         dn_finding **finding, dn_error *error);

/* Adds a file to a finding. Copies `name` and `detail`, which may be NULL. */
dn_status dn_finding_name(dn_finding *finding, const char *name, const char *detail,
                          dn_error *error);

/* Adds a file to the class's finding of a rule, and the finding if it is the first. */
dn_status dn_finding_put(dn_checked_class *class, dn_rule_id rule, const char *name,
                         const char *detail, dn_error *error);

/* Findings to fix first, then in the order of the rules. */
void dn_findings_sort(dn_checked_class *class);
void dn_finding_clear(dn_finding *finding);

/* The images of a class. records[i] belongs to dataset->samples[i]. */
typedef struct dn_check_subject {
    const char *folder; /* of the class; NULL for a manifest */
    const dn_dataset *dataset;
    const dn_record *records;
    const dn_config *config;
} dn_check_subject;

dn_status dn_find_counts(dn_checked_class *class, dn_error *error);
dn_status dn_find_unreadable(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error);
/* Files whose orientation tag or further pages are ignored, and images with a side of 1 pixel. */
dn_status dn_find_files(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);
/* Different depths in one set, and deep pictures beyond the levels. */
dn_status dn_find_depths(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);
dn_status dn_find_duplicates(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error);
dn_status dn_find_masks(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);
/* The region of interest that a training would use; call it after dn_tally. */
dn_status dn_find_roi(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);
dn_status dn_find_unlike(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);

#endif
