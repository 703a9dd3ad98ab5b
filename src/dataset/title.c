/* What results and reports call a data set. */
#include "base/file.h"
#include "dataset/names/names.h"
#include "dataset/plain.h"
#include "differnet_tools.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last name in `path` that says something: "parts/screws/OK" is about screws. */
static void name_of_source(const char *path, char *name, size_t size) {
    char real[PATH_MAX];
    if (!realpath(path, real))
        snprintf(real, sizeof real, "%.*s", (int)sizeof real - 1, path);
    while (dn_is_good_folder_name(dn_path_name(real)) && dn_path_name(real) > real + 1)
        real[dn_path_name(real) - real - 1] = '\0';
    snprintf(name, size, "%s", dn_path_name(real));
}

/* A single picture says less than the folder it lies in. */
static void name_of_list(const char *list, char *name, size_t size) {
    char path[DN_PATH_LIMIT], folder[DN_PATH_LIMIT + 1];
    const char *begin = strchr(list, '=') + 1;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(begin, "|"), begin);
    if (dn_is_image_name(path) && !dn_is_folder(path))
        snprintf(folder, sizeof folder, "%.*s.", (int)(dn_path_name(path) - path), path);
    else
        snprintf(folder, sizeof folder, "%s", path);
    name_of_source(folder, name, size);
}

/* "data/mvtec/" -> "mvtec", "lists/screws.csv" -> "screws" */
static void name_of_path(const char *path, char *name, size_t size) {
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    if (end - begin > 4 && strncmp(path + end - 4, ".csv", 4) == 0)
        end -= 4;
    snprintf(name, size, "%.*s", (int)(end - begin), path + begin);
}

void dn_dataset_title(const char *root, char *name, size_t size) {
    if (dn_is_plain_list(root))
        name_of_list(root, name, size);
    else
        name_of_path(root, name, size);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        snprintf(name, size, "dataset");
}
