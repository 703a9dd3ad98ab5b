/* The files of a map below a folder, named after the image. */
#include "base/file.h"
#include "base/structs.h"
#include "inspect/map.h"

#include <stdio.h>
#include <string.h>

/* "a/../b/1.png" -> "a/b/1", "/b/1.png" -> "b/1": never a path out of the folder. */
static void stem_of(const char *image_path, char stem[1024]) {
    size_t length = 0;
    const char *dot = strrchr(image_path, '.');
    const char *end = dot && !strchr(dot, '/') && dot > image_path && dot[-1] != '/'
                          ? dot
                          : image_path + strlen(image_path);
    while (image_path < end) {
        size_t part = strcspn(image_path, "/");
        part = (size_t)(end - image_path) < part ? (size_t)(end - image_path) : part;
        int skipped = part == 0 || (part == 1 && image_path[0] == '.') ||
                      (part == 2 && image_path[0] == '.' && image_path[1] == '.');
        if (!skipped && length + part + 2 < 1024) {
            if (length > 0)
                stem[length++] = '/';
            memcpy(stem + length, image_path, part);
            length += part;
        }
        image_path += part + (image_path + part < end);
    }
    stem[length] = '\0';
}

static dn_status name_file(const char *directory, const char *stem, const char *ending,
                           char path[1024], dn_error *error) {
    char name[1100];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    return dn_path_join(path, 1024, directory, name, error);
}

static dn_status make_parent(const char *directory, const char *stem, dn_error *error) {
    char path[1024];
    const char *slash = strrchr(stem, '/');
    char folder[1024];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - stem) : 0, stem);
    if (!slash)
        return dn_make_directories(directory, error);
    DN_TRY(dn_path_join(path, sizeof path, directory, folder, error));
    return dn_make_directories(path, error);
}

static dn_status write_file(const dn_map *map, dn_map_format format, const char *directory,
                            const char *stem, const char *ending, char path[1024],
                            dn_error *error) {
    DN_TRY(name_file(directory, stem, ending, path, error));
    return dn_map_write(map, format, path, error);
}

static dn_status write_maps(const dn_map *map, const char *directory, const char *stem,
                            dn_map_files *files, dn_error *error) {
    DN_TRY(write_file(map, DN_MAP_TIFF, directory, stem, "_map.tiff", files->tiff, error));
    DN_TRY(write_file(map, DN_MAP_PNG, directory, stem, "_map.png", files->png, error));
    return write_file(map, DN_MAP_MASK, directory, stem, "_mask.png", files->mask, error);
}

dn_status dn_map_write_files(const dn_map *map, const char *directory, const char *image_path,
                             unsigned which, dn_map_files *files, dn_error *error) {
    char stem[1024];
    dn_map_files written = {0};
    DN_TRY(dn_struct_check(&dn_struct_map_files, files, error));
    dn_struct_write(&dn_struct_map_files, files, &written);
    stem_of(image_path, stem);
    if (stem[0] == '\0')
        return dn_fail(error, DN_ERROR_ARGUMENT, "\"%.200s\" names no image", image_path);
    DN_TRY(make_parent(directory, stem, error));
    if (which & DN_MAP_FILES)
        DN_TRY(write_maps(map, directory, stem, &written, error));
    if (which & DN_OVERLAY_FILE)
        DN_TRY(write_file(map, DN_MAP_OVERLAY, directory, stem, "_overlay.png", written.overlay,
                          error));
    dn_struct_write(&dn_struct_map_files, files, &written);
    return DN_OK;
}
