/* The files of a map below a folder, named after the image. */
#include "base/file.h"
#include "base/output_folder.h"
#include "base/structs.h"
#include "dataset/names/names.h"
#include "inspect/map.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STEM_SIZE = 1024 };

typedef struct stem {
    char text[STEM_SIZE];
    size_t length;
    int too_long;
} stem;

static void append(stem *self, const char *bytes, size_t count) {
    if (self->length + count >= STEM_SIZE) {
        self->too_long = 1;
        return;
    }
    memcpy(self->text + self->length, bytes, count);
    self->length += count;
    self->text[self->length] = '\0';
}

/* Whether a folder or file has one of the names that stand for ".." and "/", maybe escaped. */
static int is_reserved(const char *part, size_t length) {
    size_t bars = 0;
    while (bars < length && part[bars] == '_')
        bars++;
    return bars > 0 && ((length - bars == 2 && memcmp(part + bars, "up", 2) == 0) ||
                        (length - bars == 4 && memcmp(part + bars, "root", 4) == 0));
}

static void append_part(stem *self, const char *part, size_t length) {
    if (length == 0 || (length == 1 && part[0] == '.'))
        return;
    if (self->length > 0)
        append(self, "/", 1);
    if (length == 2 && memcmp(part, "..", 2) == 0) {
        append(self, "_up", 3);
        return;
    }
    if (is_reserved(part, length))
        append(self, "_", 1);
    append(self, part, length);
}

/* "../b/1.png" -> "_up/b/1.png", "/b/1.png" -> "_root/b/1.png", "_up/1.png" -> "__up/1.png": never
 * a path out of the folder, and never one path for two that differ in more than "." and "//". */
static dn_status stem_of(const char *image_path, stem *self, dn_error *error) {
    const char *part = image_path;
    *self = (stem){0};
    if (image_path[0] == '/')
        append(self, "_root", 5);
    size_t begin = self->length;
    for (; *part; part += *part == '/') {
        size_t length = strcspn(part, "/");
        append_part(self, part, length);
        part += length;
    }
    if (self->too_long)
        return dn_fail(error, DN_ERROR_IO, "%.200s...: the path is too long for names of maps",
                       image_path);
    return self->length > begin ? DN_OK
                                : dn_fail(error, DN_ERROR_ARGUMENT,
                                          "\"%.200s\" is not the name of an image", image_path);
}

static dn_status make_parent(const char *directory, const char *text, dn_error *error) {
    char path[1024], folder[STEM_SIZE];
    const char *slash = strrchr(text, '/');
    DN_TRY(dn_output_folder_make(directory, error));
    if (!slash)
        return DN_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - text), text);
    DN_TRY(dn_path_join(path, sizeof path, directory, folder, error));
    return dn_make_directories(path, error);
}

/* The files that may be written, and where dn_map_files has their paths. */
static const struct output {
    unsigned flag;
    dn_map_format format;
    const char *ending;
    size_t member;
} outputs[] = {
    {DN_MAP_FILES, DN_MAP_TIFF, DN_ENDING_TIFF, offsetof(dn_map_files, tiff)},
    {DN_MAP_FILES, DN_MAP_PNG, DN_ENDING_PNG, offsetof(dn_map_files, png)},
    {DN_MAP_FILES, DN_MAP_MASK, DN_ENDING_MASK, offsetof(dn_map_files, mask)},
    {DN_OVERLAY_FILE, DN_MAP_OVERLAY, DN_ENDING_OVERLAY, offsetof(dn_map_files, overlay)},
};
enum { OUTPUTS = sizeof outputs / sizeof *outputs };

static dn_status name_file(const char *directory, const stem *self, unsigned number,
                           const char *ending, char path[1024], dn_error *error) {
    char name[STEM_SIZE + 64], mark[16] = "";
    if (number > 1)
        snprintf(mark, sizeof mark, "~%u", number);
    snprintf(name, sizeof name, "%s%s%s", self->text, mark, ending);
    return dn_path_join(path, 1024, directory, name, error);
}

static int is_taken(const char *directory, const stem *self, unsigned number, unsigned which) {
    char path[1024];
    for (int i = 0; i < OUTPUTS; i++)
        if ((which & outputs[i].flag) &&
            name_file(directory, self, number, outputs[i].ending, path, NULL) == DN_OK &&
            access(path, F_OK) == 0)
            return 1;
    return 0;
}

/* One number for all files of a picture. */
static unsigned free_number(const char *directory, const stem *self, unsigned which) {
    unsigned number = 1;
    while ((which & DN_KEEP_FILES) && number < UINT32_MAX &&
           is_taken(directory, self, number, which))
        number++;
    return number;
}

/* Tries to write every file; the first failure is reported. */
static dn_status write_all(const dn_map *map, const char *directory, const stem *self,
                           unsigned which, dn_map_files *files, dn_error *error) {
    dn_status first = DN_OK;
    unsigned number = free_number(directory, self, which);
    for (int i = 0; i < OUTPUTS; i++) {
        char path[1024] = "";
        if (!(which & outputs[i].flag))
            continue;
        dn_error *report = first == DN_OK ? error : NULL;
        dn_status status = name_file(directory, self, number, outputs[i].ending, path, report);
        if (status == DN_OK)
            status = dn_map_write(map, outputs[i].format, path, report);
        if (status == DN_OK)
            memcpy((char *)files + outputs[i].member, path, sizeof path);
        else if (first == DN_OK)
            first = status;
    }
    return first;
}

dn_status dn_map_write_files(const dn_map *map, const char *directory, const char *image_path,
                             unsigned which, dn_map_files *files, dn_error *error) {
    stem self;
    dn_map_files written = {0};
    DN_TRY(dn_struct_check(&dn_struct_map_files, files, error));
    dn_struct_write(&dn_struct_map_files, files, &written);
    DN_TRY(stem_of(image_path, &self, error));
    DN_TRY(make_parent(directory, self.text, error));
    dn_status status = write_all(map, directory, &self, which, &written, error);
    dn_struct_write(&dn_struct_map_files, files, &written);
    return status;
}
