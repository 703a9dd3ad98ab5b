#include "base/file.h"
#include "base/memory.h"
#include "dataset/layout.h"
#include "dataset/plain.h"
#include "dataset/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static dn_status add_class(dn_class_list *list, const char *name, dn_error *error) {
    void *names = list->names;
    DN_TRY(dn_grow(&names, &list->capacity, list->count + 1, sizeof(char *), error));
    list->names = names;
    DN_TRY(dn_copy_text(&list->names[list->count], name, error));
    list->count++;
    return DN_OK;
}

static dn_status visit_class(dn_class_list *list, const char *root, const char *name,
                             dn_error *error) {
    char folder[DN_PATH_LIMIT];
    if (name[0] == '.' || dn_is_foreign_folder(name))
        return DN_OK;
    DN_TRY(dn_path_join(folder, sizeof folder, root, name, error));
    return dn_is_class_folder(folder) || dn_has_plain_folders(folder) ? add_class(list, name, error)
                                                                      : DN_OK;
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static dn_status list_folder(dn_class_list *list, const char *root, dn_error *error) {
    DIR *folder = opendir(root);
    const struct dirent *entry;
    dn_status status = DN_OK;
    if (!folder)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open the folder: %s", root, strerror(errno));
    while (status == DN_OK && (entry = readdir(folder)))
        status = visit_class(list, root, entry->d_name, error);
    closedir(folder);
    if (list->count > 0)
        qsort(list->names, list->count, sizeof *list->names, by_name);
    return status;
}

static int is_plain_folder(const char *root) {
    dn_plain_shape shape = dn_plain_look(root);
    return shape.others == 0 && (shape.good > 0) != (shape.images > 0);
}

dn_status dn_class_list_create(const char *root, dn_class_list *list, dn_error *error) {
    *list = (dn_class_list){0};
    if (dn_is_manifest(root) || dn_is_plain_list(root) || dn_is_class_folder(root) ||
        is_plain_folder(root))
        return add_class(list, "", error);
    DN_TRY(list_folder(list, root, error));
    if (list->count > 0)
        return DN_OK;
    return dn_fail_unrecognised(root, error);
}

void dn_class_list_free(dn_class_list *list) {
    for (size_t i = 0; i < list->count; i++)
        dn_release(list->names[i]);
    dn_release(list->names);
    *list = (dn_class_list){0};
}
