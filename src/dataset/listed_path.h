/* The file that a manifest means by a path. Spreadsheets and other systems write paths with \ for
 * /, in Latin-1, or with accents composed in another way than the file's name: each is tried where
 * the path as it is written names no file. */
#ifndef DN_DATASET_LISTED_PATH_H
#define DN_DATASET_LISTED_PATH_H

#include "base/error.h"
#include "dataset/walk.h"

typedef struct dn_path_finder {
    const char *manifest;          /* for messages */
    const char *folder;            /* that paths are relative to; "": the working directory */
    char looked_in[DN_PATH_LIMIT]; /* the folder whose names are in `names` */
    char **names;
    size_t count;
} dn_path_finder;

/* *path: how the file is opened; *name: the listed path with / and in UTF-8. Both hold
 * DN_PATH_LIMIT bytes. A file that is not there keeps its path, and whoever opens it will say so;
 * but where the path is no UTF-8 or has backslashes, or where two names fit, DN_ERROR_DATA names
 * the cause. */
dn_status dn_path_find(dn_path_finder *finder, const char *listed, size_t line, char *path,
                       char *name, dn_error *error);
void dn_path_finder_clear(dn_path_finder *finder);

#endif
