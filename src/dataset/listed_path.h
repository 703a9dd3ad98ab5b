/* The file that a manifest means by a path. Spreadsheets and other systems write paths with \ for
 * /, in Latin-1, or with accents composed in another way than the file's name: each is tried where
 * the path as it is written names no file. */
#ifndef DN_DATASET_LISTED_PATH_H
#define DN_DATASET_LISTED_PATH_H

#include "base/observer.h"
#include "dataset/walk.h"

/* Why a listed path may name no file. */
typedef enum dn_path_cause {
    DN_PATH_ENCODING,  /* no UTF-8, and no file when read as Latin-1 */
    DN_PATH_DRIVE,     /* C:\... */
    DN_PATH_BACKSLASH, /* neither as it is written nor with / for each \ */
    DN_PATH_CAUSES
} dn_path_cause;

typedef struct dn_missing_paths {
    size_t count, first_line;
    char first[DN_PATH_LIMIT];
} dn_missing_paths;

typedef struct dn_path_finder {
    const char *manifest;          /* for messages */
    const char *folder;            /* that paths are relative to; "": the working directory */
    char looked_in[DN_PATH_LIMIT]; /* the folder whose names are in `names` */
    char **names;
    size_t count;
    dn_missing_paths missing[DN_PATH_CAUSES];
} dn_path_finder;

/* *path: how the file is opened; *name: the listed path with / and in UTF-8 where the file was
 * found so. Both hold DN_PATH_LIMIT bytes. A file that is not there keeps its path, and whoever
 * opens it will say so; the likely cause is counted. DN_ERROR_DATA where several names fit. */
dn_status dn_path_find(dn_path_finder *finder, const char *listed, size_t line, char *path,
                       char *name, dn_error *error);

/* Tells the observer what is the matter with the paths that were not found, a warning a cause. */
void dn_path_finder_report(const dn_path_finder *finder, const dn_observer *observer);
void dn_path_finder_clear(dn_path_finder *finder);

#endif
