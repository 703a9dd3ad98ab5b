/* Checks a data set before training: what it holds, what must be fixed, what deserves a look.
 * docs/check.md explains every rule. */
#ifndef DN_CHECK_CHECK_H
#define DN_CHECK_CHECK_H

#include "base/digest.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "image/formats/kind.h"
#include "image/levels.h"
#include "image/properties.h"

/* A property over train/good, in its own unit. Nine of ten images lie between the quantiles. Images
 * outside [low, high] are unlike the rest. */
typedef struct dn_spread {
    double median, quantile_05, quantile_95, low, high;
} dn_spread;

/* A kind of finding; findings.c lists all. */
typedef struct dn_rule {
    const char *name;   /* for programs: "unreadable" */
    int fix;            /* 1: fix it before training; 0: look at it */
    const char *title;  /* "images that cannot be read" */
    const char *remedy; /* what to do */
} dn_rule;

typedef struct dn_finding_file {
    char *name;   /* relative to the class folder */
    char *detail; /* NULL: none */
} dn_finding_file;

typedef struct dn_finding {
    const dn_rule *rule;
    char *about; /* completes the title, or NULL */
    dn_finding_file *files;
    size_t count, capacity;
} dn_finding;

/* The images of one split and label: "train/good", "test/scratch". */
typedef struct dn_check_folder {
    dn_split split;
    char *defect;
    int label;
    size_t images, unreadable, masks;
} dn_check_folder;

typedef struct dn_check_size {
    int width, height;
    size_t count;
} dn_check_size;

typedef struct dn_check_kind {
    dn_image_kind kind;
    size_t count;
} dn_check_kind;

typedef struct dn_checked_class {
    char *name; /* "" if the data set is one class */
    size_t images, good[DN_SPLITS], defective[DN_SPLITS];
    dn_check_folder *folders;
    dn_check_size *sizes; /* most frequent first, as kinds */
    dn_check_kind *kinds;
    dn_finding *findings; /* those to fix first */
    size_t folder_count, size_count, kind_count, finding_count;
    size_t folder_capacity, size_capacity, kind_capacity, finding_capacity;
    double roi_share;        /* of the picture; 0: no usable mask */
    dn_levels_survey levels; /* of train/, as a training would find them */
    int has_spreads;         /* train/good held enough images */
    dn_spread spreads[DN_PROPERTIES];
} dn_checked_class;

typedef struct dn_check_report {
    char *root;
    dn_checked_class *classes;
    size_t count, capacity;
    size_t to_fix, to_look_at; /* findings */
} dn_check_report;

/* How processes share the reading (check/share.h). */
typedef struct dn_check_share dn_check_share;

/* Reads every image of the configuration's data set (a folder of classes, a class folder or a
 * manifest) with its number of threads; each thread holds one image at a time. `class_name` NULL:
 * all classes, whatever the configuration says. `shared` NULL: this process reads all pictures.
 * Faults of a data set are findings, not failures; DN_ERROR_DATA if there is no data set,
 * DN_CANCELLED if the observer asks to stop. Free the report with dn_check_free. */
dn_status dn_check_run(const dn_config *config, const char *class_name,
                       const dn_check_share *shared, const dn_observer *observer,
                       dn_check_report *report, dn_error *error);
void dn_check_free(dn_check_report *report);

#endif
