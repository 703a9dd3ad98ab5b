/* All files below a folder, in one list whose order is always the same. */
#ifndef DN_DATASET_WALK_H
#define DN_DATASET_WALK_H

#include "base/error.h"

#define DN_PATH_LIMIT 4096 /* bytes of a path with its terminating zero */

typedef struct dn_file_list {
    char **paths; /* image files, in byte order */
    size_t count, capacity;
    size_t hidden;     /* dot files and dot folders */
    size_t stray;      /* neither image files nor folders to walk */
    char *first_stray; /* the first of them in byte order; NULL if there are none */
} dn_file_list;

/* Appends the files below base/relative (`relative` may be ""), as paths that begin below `base`.
 * Symbolic links are followed; a broken link, or one into a folder that contains it, counts as a
 * stray file. DN_ERROR_IO if a folder cannot be read. The caller destroys the list, also after a
 * failure. */
dn_status dn_file_list_walk(dn_file_list *list, const char *base, const char *relative,
                            dn_error *error);
void dn_file_list_destroy(dn_file_list *list);

int dn_is_folder(const char *path);

/* The names of the folders in a folder, for messages: "a, b, c, ..." (at most 5, without hidden
 * ones). */
#define DN_FOLDER_NAMES 400
void dn_name_folders(const char *path, char names[DN_FOLDER_NAMES]);

#endif
