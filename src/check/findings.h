/* The list of findings of a class: all rules in one table. */
#ifndef DN_CHECK_FINDINGS_H
#define DN_CHECK_FINDINGS_H

#include "check/record.h"

typedef enum dn_rule_id {
    DN_RULE_FOLDER,
    DN_RULE_NO_TRAIN,
    DN_RULE_UNREADABLE,
    DN_RULE_LEAK,
    DN_RULE_TWO_LABELS,
    DN_RULE_MASK_ORPHAN,
    DN_RULE_MASK_UNREADABLE,
    DN_RULE_MASK_SIZE,
    DN_RULE_FEW_TRAIN,
    DN_RULE_NO_TEST,
    DN_RULE_NO_TEST_GOOD,
    DN_RULE_NO_TEST_DEFECT,
    DN_RULE_PASSED_OVER,
    DN_RULE_DUPLICATE,
    DN_RULE_MASK_MISSING,
    DN_RULE_MASK_EMPTY,
    DN_RULE_UNLIKE,
    DN_RULES
} dn_rule_id;

/* A new finding at the end of the class's list; `about` (may be NULL) is copied. */
dn_status dn_finding_add(dn_checked_class *class, dn_rule_id rule, const char *about,
                         dn_finding **finding, dn_error *error);

/* Names a file of a finding; `detail` may be NULL; both are copied. */
dn_status dn_finding_name(dn_finding *finding, const char *name, const char *detail,
                          dn_error *error);

/* Adds `name` to the class's finding of a rule, which is made when it is the first. */
dn_status dn_finding_put(dn_checked_class *class, dn_rule_id rule, const char *name,
                         const char *detail, dn_error *error);

/* What is to be mended comes first, in the order of the rules. */
void dn_findings_sort(dn_checked_class *class);
void dn_finding_clear(dn_finding *finding);

/* Each looks for one kind of trouble in a class whose images lie in `folder`; records[i] belongs to
 * dataset->samples[i]. */
typedef struct dn_check_subject {
    const char *folder; /* of the class; NULL for a manifest */
    const dn_dataset *dataset;
    const dn_record *records;
} dn_check_subject;

dn_status dn_find_counts(dn_checked_class *class, dn_error *error);
dn_status dn_find_unreadable(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error);
dn_status dn_find_duplicates(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error);
dn_status dn_find_masks(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);
dn_status dn_find_unlike(const dn_check_subject *subject, dn_checked_class *class, dn_error *error);

#endif
