/* All files below a folder, in one list whose order is always the same. */
#ifndef DN_DATASET_WALK_H
#define DN_DATASET_WALK_H

#include "base/error.h"

#define DN_PATH_LIMIT 4096 /* bytes of a path with its terminating zero */

typedef struct dn_file_list {
    char **paths; /* image files, in byte order */
    size_t count, capacity;
    size_t hidden;     /* dot files and dot folders */
    size_t foreign;    /* folders of other programs: dn_is_foreign_folder */
    size_t outputs;    /* folders and files that this program wrote */
    size_t stray;      /* what is neither an image file nor a folder to walk */
    char *first_stray; /* in byte order; NULL where there is none */
} dn_file_list;

/* Appends the files below base/relative (`relative` may be ""), as paths that begin below `base`.
 * Symbolic links are followed; a broken link, or one into a folder that contains it, counts as a
 * stray file. DN_ERROR_IO if a folder cannot be read. The caller destroys the list, also after a
 * failure. */
dn_status dn_file_list_walk(dn_file_list *list, const char *base, const char *relative,
                            dn_error *error);
void dn_file_list_destroy(dn_file_list *list);

int dn_is_folder(const char *path);

/* Whether a folder of this name is one that storage systems, archivers or file managers make beside
 * people's pictures, with thumbnails and deleted files in it: "@eaDir", "__MACOSX", "#recycle". In
 * any case of letters; those that begin with a dot are hidden anyway. */
int dn_is_foreign_folder(const char *name);

/* "a, b, c, ..." of the folders in a folder (at most 5; hidden ones left out), for hints. */
#define DN_FOLDER_NAMES 400
void dn_name_folders(const char *path, char names[DN_FOLDER_NAMES]);

#endif
