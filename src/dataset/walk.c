#include "dataset/walk.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/output_folder.h"
#include "differnet.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define DEPTH_LIMIT 32
#define NAMES_LIMIT 5

typedef struct walker {
    dn_file_list *list;
    dn_error *error;
    char path[DN_PATH_LIMIT]; /* of the current file or folder */
    size_t relative;          /* where the path below the base begins in `path` */
    struct stat above[DEPTH_LIMIT];
    size_t depth; /* folders in `above`, which contain the current one */
} walker;

typedef enum entry_kind { KIND_FOLDER, KIND_FILE, KIND_OTHER } entry_kind;

static dn_status walk_folder(walker *walk);

static dn_status fail_errno(walker *walk, const char *doing) {
    return dn_fail(walk->error, DN_ERROR_IO, "%s: cannot %s: %s", walk->path, doing,
                   strerror(errno));
}

static dn_status append_path(walker *walk, const char *name) {
    size_t length = strlen(walk->path), more = strlen(name);
    int slash = length > 0 && walk->path[length - 1] != '/';
    if (length + more + 2 > sizeof walk->path)
        return dn_fail(walk->error, DN_ERROR_IO,
                       "%.200s.../%.200s: the path is longer than %zu bytes", walk->path, name,
                       sizeof walk->path - 1);
    snprintf(walk->path + length, sizeof walk->path - length, "%s%s", slash ? "/" : "", name);
    return DN_OK;
}

static dn_status add_image(walker *walk) {
    dn_file_list *list = walk->list;
    void *paths = list->paths;
    DN_TRY(dn_grow(&paths, &list->capacity, list->count + 1, sizeof(char *), walk->error));
    list->paths = paths;
    DN_TRY(dn_copy_text(&list->paths[list->count], walk->path + walk->relative, walk->error));
    list->count++;
    return DN_OK;
}

static dn_status add_stray(walker *walk) {
    dn_file_list *list = walk->list;
    const char *path = walk->path + walk->relative;
    list->stray++;
    if (list->first_stray && strcmp(list->first_stray, path) <= 0)
        return DN_OK;
    dn_release(list->first_stray);
    return dn_copy_text(&list->first_stray, path, walk->error);
}

/* A link counts as its target; a broken link is KIND_OTHER. */
static dn_status examine_entry(walker *walk, unsigned char type, entry_kind *kind) {
    struct stat status;
    if (type == DT_REG || type == DT_DIR) {
        *kind = type == DT_REG ? KIND_FILE : KIND_FOLDER;
        return DN_OK;
    }
    *kind = KIND_OTHER;
    if (stat(walk->path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            *kind = KIND_FOLDER;
        else if (S_ISREG(status.st_mode))
            *kind = KIND_FILE;
        return DN_OK;
    }
    return errno == ENOENT || errno == ELOOP ? DN_OK : fail_errno(walk, "examine");
}

static dn_status visit_path(walker *walk, unsigned char type) {
    entry_kind kind;
    DN_TRY(examine_entry(walk, type, &kind));
    if (kind == KIND_FOLDER && dn_is_foreign_folder(dn_path_name(walk->path))) {
        walk->list->foreign++;
        return DN_OK;
    }
    if (kind == KIND_FOLDER)
        return walk_folder(walk);
    if (kind == KIND_FILE && dn_is_output_name(walk->path)) {
        walk->list->outputs++;
        return DN_OK;
    }
    if (kind == KIND_FILE && dn_is_image_name(dn_path_name(walk->path)))
        return add_image(walk);
    return add_stray(walk);
}

static dn_status visit_entry(walker *walk, const struct dirent *entry) {
    size_t length = strlen(walk->path);
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return DN_OK;
    if (entry->d_name[0] == '.') {
        walk->list->hidden++;
        return DN_OK;
    }
    DN_TRY(append_path(walk, entry->d_name));
    dn_status status = visit_path(walk, entry->d_type);
    walk->path[length] = '\0';
    return status;
}

static dn_status visit_entries(walker *walk, DIR *folder) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry)
            return errno ? fail_errno(walk, "read the folder") : DN_OK;
        DN_TRY(visit_entry(walk, entry));
    }
}

static int is_above(const walker *walk, const struct stat *folder) {
    for (size_t i = 0; i < walk->depth; i++)
        if (walk->above[i].st_dev == folder->st_dev && walk->above[i].st_ino == folder->st_ino)
            return 1;
    return 0;
}

static dn_status enter(walker *walk, DIR *folder) {
    struct stat status;
    if (fstat(dirfd(folder), &status) != 0)
        return fail_errno(walk, "examine");
    if (is_above(walk, &status))
        return add_stray(walk);
    if (dn_output_folder_holds_marker(dirfd(folder))) {
        walk->list->outputs++;
        return DN_OK;
    }
    if (walk->depth == DEPTH_LIMIT)
        return dn_fail(walk->error, DN_ERROR_DATA, "%s: folders are nested deeper than %d",
                       walk->path, DEPTH_LIMIT);
    walk->above[walk->depth++] = status;
    dn_status result = visit_entries(walk, folder);
    walk->depth--;
    return result;
}

static dn_status walk_folder(walker *walk) {
    DIR *folder = opendir(walk->path);
    if (!folder)
        return fail_errno(walk, "open the folder");
    dn_status status = enter(walk, folder);
    closedir(folder);
    return status;
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

dn_status dn_file_list_walk(dn_file_list *list, const char *base, const char *relative,
                            dn_error *error) {
    walker walk = {.list = list, .error = error};
    DN_TRY(append_path(&walk, base));
    walk.relative = strlen(walk.path);
    walk.relative += walk.path[walk.relative - 1] != '/';
    if (relative[0] != '\0') {
        if (stat(base, &walk.above[walk.depth++]) != 0)
            return fail_errno(&walk, "examine");
        DN_TRY(append_path(&walk, relative));
    }
    DN_TRY(walk_folder(&walk));
    if (list->count > 0)
        qsort(list->paths, list->count, sizeof *list->paths, by_text);
    return DN_OK;
}

void dn_file_list_destroy(dn_file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        dn_release(list->paths[i]);
    dn_release(list->paths);
    dn_release(list->first_stray);
    *list = (dn_file_list){0};
}

int dn_is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int dn_is_foreign_folder(const char *name) {
    static const char *const names[] = {"@eaDir",
                                        "#recycle",
                                        "#snapshot",
                                        "@Recycle",
                                        "@Recently-Snapshot",
                                        "$RECYCLE.BIN",
                                        "__MACOSX",
                                        "System Volume Information",
                                        "lost+found"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return 1;
    return 0;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.' && !dn_is_foreign_folder(entry->d_name);
}

static int by_name(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

void dn_name_folders(const char *path, char names[DN_FOLDER_NAMES]) {
    struct dirent **entries;
    char entry[DN_PATH_LIMIT];
    size_t length = 0, size = DN_FOLDER_NAMES;
    int found = 0, count = scandir(path, &entries, is_shown, by_name);
    names[0] = '\0';
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (found <= NAMES_LIMIT && dn_path_join(entry, sizeof entry, path, name, NULL) == DN_OK &&
            dn_is_folder(entry)) {
            length += (size_t)snprintf(names + length, size - length, "%s%.60s", found ? ", " : "",
                                       found < NAMES_LIMIT ? name : "...");
            found++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}
