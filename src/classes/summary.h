/* The summary of a data set's classes: summary.csv for programs, summary.html for people. */
#ifndef DN_CLASSES_SUMMARY_H
#define DN_CLASSES_SUMMARY_H

#include "classes/record.h"

typedef struct dn_class_row {
    const char *name; /* "" if the data set is one class */
    dn_class_record record;
} dn_class_row;

typedef struct dn_class_summary {
    const char *title; /* of the data set */
    const dn_class_row *rows;
    size_t count;
} dn_class_summary;

/* What results and the summary call a class: its name, or "all". */
const char *dn_class_label(const char *name);

/* class,state,image_AUROC,image_AUROC_low,image_AUROC_high,good,defective,seconds,results,message
 */
dn_status dn_class_summary_csv(const dn_class_summary *summary, const char *path, dn_error *error);

/* One page that needs no other file; it links each class's report.html. */
dn_status dn_class_summary_html(const dn_class_summary *summary, const char *path, dn_error *error);

/* For people, or as JSON; dn_text_free. */
dn_status dn_class_summary_text(const dn_class_summary *summary, int json, char **text,
                                dn_error *error);

#endif
