/* Plain folders of pictures: a data set as people have it, in nobody's layout.
 *
 * Two ways lead to it. A list in place of a path, "good=DIR|bad=DIR|bad=FILE", names folders and
 * files of good and of defective parts (train --good, --bad). A folder is recognised by what lies
 * in it: pictures alone, or folders named OK and NG, good and bad, normal and abnormal. */
#ifndef DN_DATASET_PLAIN_H
#define DN_DATASET_PLAIN_H

#include "base/observer.h"
#include "dataset/dataset.h"
#include "dataset/walk.h"

enum { DN_PLAIN_GOOD = 0, DN_PLAIN_BAD = 1, DN_PLAIN_LEFT_OUT = 2 };

typedef struct dn_plain_source {
    char *path, *real; /* as given; without links, "." and ".." */
    int label;         /* DN_PLAIN_... */
} dn_plain_source;

typedef struct dn_plain {
    dn_plain_source *sources; /* none: no plain folders */
    size_t count, capacity;
} dn_plain;

/* The folder that plain pictures lie in, looked at without walking it. */
typedef struct dn_plain_shape {
    size_t images, good, bad, others; /* files; folders by their names */
} dn_plain_shape;

/* Whether `root` is such a list, and not the name of a folder. */
int dn_is_plain_list(const char *root);

/* DN_ERROR_DATA names the part of the list that is wrong, or the path that does not exist or is
 * named as good and as bad. Free with dn_plain_free, also after a failure. */
dn_status dn_plain_parse(const char *list, dn_plain *plain, dn_error *error);

/* Leaves `plain` without sources where the folder is not recognised. */
dn_status dn_plain_recognise(const char *folder, dn_plain *plain, dn_error *error);
void dn_plain_free(dn_plain *plain);

dn_plain_shape dn_plain_look(const char *folder);

/* Whether a folder holds folders of good parts (and bad ones) by their names. */
int dn_has_plain_folders(const char *folder);

/* Whether a picture below source `index` belongs to it: of sources within each other, the inner one
 * counts. `inner`: the picture's path below the source; "" for a source that is a file. */
int dn_plain_owns(const dn_plain *plain, size_t index, const char *inner);

/* Adds the pictures to a data set. Of 50 good ones and more a fifth is held out for the test: those
 * whose names have the smallest SHA-256, so the same ones every time and on every machine, and few
 * change sides when pictures are added. `place` is what messages call the data set. */
dn_status dn_dataset_from_plain(const dn_plain *plain, const char *place, unsigned wanted,
                                const dn_observer *observer, dn_dataset *dataset, dn_error *error);

/* DN_ERROR_DATA: what lies in a folder that is not recognised, and the command that would work. */
dn_status dn_fail_unrecognised(const char *folder, dn_error *error);

#endif
