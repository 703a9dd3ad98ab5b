#include "base/output_folder.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char marker_text[] =
    "differnet wrote the files in this folder. It never reads them as pictures to score or to "
    "train on.\nWithout this file it would.\n";

int dn_output_folder_holds_marker(int descriptor) {
    return faccessat(descriptor, DN_OUTPUT_MARKER, F_OK, 0) == 0;
}

int dn_is_output_folder(const char *path) {
    char marker[4096];
    return dn_path_join(marker, sizeof marker, path, DN_OUTPUT_MARKER, NULL) == DN_OK &&
           access(marker, F_OK) == 0;
}

static int is_empty(DIR *folder) {
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return 0;
    return 1;
}

dn_status dn_output_folder_make(const char *path, dn_error *error) {
    char marker[1024];
    DN_TRY(dn_make_directories(path, error));
    DIR *folder = opendir(path);
    if (!folder)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open the folder: %s", path, strerror(errno));
    int unmarked = !dn_output_folder_holds_marker(dirfd(folder)) && is_empty(folder);
    closedir(folder);
    if (!unmarked)
        return DN_OK;
    DN_TRY(dn_path_join(marker, sizeof marker, path, DN_OUTPUT_MARKER, error));
    return dn_file_write(marker, marker_text, sizeof marker_text - 1, error);
}
