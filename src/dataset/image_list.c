#include "base/file.h"
#include "base/memory.h"
#include "base/output_folder.h"
#include "base/structs.h"
#include "dataset/names/names.h"
#include "dataset/walk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static dn_status add_path(dn_image_list *list, const char *path, dn_error *error) {
    DN_TRY(dn_copy_text(&list->paths[list->count], path, error));
    list->count++;
    return DN_OK;
}

static dn_status fail_empty(const char *folder, const dn_image_list *list, dn_error *error) {
    if (dn_is_output_folder(folder))
        return dn_fail(
            error, DN_ERROR_DATA,
            "%s: is a results folder of differnet, not a folder of pictures; to read its "
            "pictures anyway, remove the file " DN_OUTPUT_MARKER,
            folder);
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: no images; expected files ending in one of " DN_IMAGE_EXTENSIONS
                   " (other files: %zu; results of differnet: %zu)",
                   folder, list->skipped, list->outputs);
}

static dn_status add_found(dn_image_list *list, const char *folder, const dn_file_list *found,
                           dn_error *error) {
    void *paths;
    char path[DN_PATH_LIMIT];
    DN_TRY(dn_allocate(&paths, found->count, sizeof(char *), error));
    list->paths = paths;
    list->skipped = found->stray + found->hidden + found->foreign;
    list->outputs = found->outputs;
    for (size_t i = 0; i < found->count; i++) {
        DN_TRY(dn_path_join(path, sizeof path, folder, found->paths[i], error));
        DN_TRY(add_path(list, path, error));
    }
    return list->count == 0 ? fail_empty(folder, list, error) : DN_OK;
}

static dn_status list_folder(const char *folder, dn_image_list *list, dn_error *error) {
    dn_file_list found = {0};
    dn_status status = dn_file_list_walk(&found, folder, "", error);
    if (status == DN_OK)
        status = add_found(list, folder, &found, error);
    dn_file_list_destroy(&found);
    return status;
}

static dn_status list_file(const char *path, dn_image_list *list, dn_error *error) {
    void *paths;
    DN_TRY(dn_allocate(&paths, 1, sizeof(char *), error));
    list->paths = paths;
    return add_path(list, path, error);
}

dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error) {
    struct stat status;
    dn_image_list found = {0};
    DN_TRY(dn_struct_check(&dn_struct_image_list, list, error));
    dn_struct_write(&dn_struct_image_list, list, &found);
    if (stat(path, &status) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    dn_status result =
        S_ISDIR(status.st_mode) ? list_folder(path, &found, error) : list_file(path, &found, error);
    if (result == DN_OK)
        dn_struct_write(&dn_struct_image_list, list, &found);
    else
        dn_image_list_free(&found);
    return result;
}

void dn_image_list_free(dn_image_list *list) {
    for (size_t i = 0; i < list->count; i++)
        dn_release(list->paths[i]);
    dn_release(list->paths);
    list->paths = NULL;
    list->count = list->skipped = 0; /* `outputs` may lie past the caller's struct */
}
