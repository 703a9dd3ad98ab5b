#include "dataset/layout.h"

#include "base/file.h"
#include "dataset/walk.h"

#include <string.h>
#include <strings.h>

const char *const dn_split_folders[DN_SPLITS][2] = {
    [DN_SPLIT_TRAIN] = {"train"},
    [DN_SPLIT_VALIDATE] = {"validate", "validation"},
    [DN_SPLIT_TEST] = {"test"},
};

const char *dn_split_name(dn_split split) {
    return dn_split_folders[split][0];
}

int dn_has_folder(const char *folder, const char *name) {
    char path[DN_PATH_LIMIT];
    return dn_path_join(path, sizeof path, folder, name, NULL) == DN_OK && dn_is_folder(path);
}

int dn_is_class_folder(const char *folder) {
    for (dn_split split = 0; split < DN_SPLITS; split++)
        for (int i = 0; i < 2; i++)
            if (dn_split_folders[split][i] && dn_has_folder(folder, dn_split_folders[split][i]))
                return 1;
    return 0;
}

int dn_is_manifest(const char *root) {
    size_t length = strlen(root);
    return length > 4 && strcasecmp(root + length - 4, ".csv") == 0 && !dn_is_folder(root);
}
