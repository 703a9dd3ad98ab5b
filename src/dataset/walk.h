/* Everything below a folder, in one deterministic list. */
#ifndef DN_DATASET_WALK_H
#define DN_DATASET_WALK_H

#include "base/error.h"

#define DN_PATH_LIMIT 4096 /* bytes of a path, its zero included */

typedef struct dn_file_list {
    char **paths; /* image files, in byte order */
    size_t count, capacity;
    size_t hidden;     /* dot files and dot folders */
    size_t foreign;    /* folders of other programs: dn_is_foreign_folder */
    size_t stray;      /* what is neither an image file nor a folder to walk */
    char *first_stray; /* in byte order; NULL where there is none */
} dn_file_list;

/* Adds what lies below base/relative (`relative` may be ""), with paths from `base` on. Symbolic
 * links are followed; one that leads nowhere, or back into a folder that it lies in, is a stray. A
 * folder that cannot be read is DN_ERROR_IO. The caller destroys the list, after a failure too. */
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
