#include "dataset/plain.h"

#include "base/file.h"
#include "base/memory.h"
#include "dataset/layout.h"
#include "dataset/names/names.h"
#include "differnet.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char GOOD[] = "good=", BAD[] = "bad=";
enum { SOURCES_LIMIT = 1000 };

int dn_is_plain_list(const char *root) {
    return strncmp(root, GOOD, sizeof GOOD - 1) == 0 && !dn_is_folder(root);
}

static const dn_plain_source *find_same(const dn_plain *plain, const char *real) {
    for (size_t i = 0; i < plain->count; i++)
        if (strcmp(plain->sources[i].real, real) == 0)
            return &plain->sources[i];
    return NULL;
}

static dn_status append(dn_plain *plain, const char *path, const char *real, int label,
                        dn_error *error) {
    void *sources = plain->sources;
    DN_TRY(dn_grow(&sources, &plain->capacity, plain->count + 1, sizeof(dn_plain_source), error));
    plain->sources = sources;
    /* Counted before it is filled, so that an incomplete source is freed with the others. */
    dn_plain_source *source = &plain->sources[plain->count++];
    *source = (dn_plain_source){.label = label};
    DN_TRY(dn_copy_text(&source->real, real, error));
    return dn_copy_text(&source->path, path, error);
}

static dn_status add_source(dn_plain *plain, const char *path, int label, dn_error *error) {
    char real[PATH_MAX];
    if (!realpath(path, real))
        return dn_fail(error, errno == ENOENT ? DN_ERROR_DATA : DN_ERROR_IO,
                       "%s: cannot open: %s; expected a folder or a file of %s pictures", path,
                       strerror(errno), label == DN_PLAIN_GOOD ? "good" : "defective");
    const dn_plain_source *same = find_same(plain, real);
    if (same && same->label != label)
        return dn_fail(error, DN_ERROR_DATA, "%s: is named as good and as bad; name it once", path);
    if (plain->count == SOURCES_LIMIT)
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: more than %d folders and files; put the pictures into folders", path,
                       SOURCES_LIMIT);
    return same ? DN_OK : append(plain, path, real, label, error);
}

/* One part of the list, "good=DIR". */
static dn_status add_part(dn_plain *plain, const char *part, size_t length, dn_error *error) {
    char path[DN_PATH_LIMIT];
    int good = strncmp(part, GOOD, sizeof GOOD - 1) == 0;
    size_t prefix = good ? sizeof GOOD - 1 : sizeof BAD - 1;
    if ((!good && strncmp(part, BAD, sizeof BAD - 1) != 0) || length <= prefix ||
        length - prefix >= sizeof path)
        return dn_fail(error, DN_ERROR_DATA,
                       "\"%.*s\": expected good=DIR or bad=DIR, separated by |",
                       length < 200 ? (int)length : 200, part);
    memcpy(path, part + prefix, length - prefix);
    path[length - prefix] = '\0';
    return add_source(plain, path, good ? DN_PLAIN_GOOD : DN_PLAIN_BAD, error);
}

dn_status dn_plain_parse(const char *list, dn_plain *plain, dn_error *error) {
    *plain = (dn_plain){0};
    for (const char *part = list; part; part = strchr(part, '|')) {
        part += part != list;
        DN_TRY(add_part(plain, part, strcspn(part, "|"), error));
    }
    return DN_OK;
}

void dn_plain_free(dn_plain *plain) {
    for (size_t i = 0; i < plain->count; i++) {
        dn_release(plain->sources[i].path);
        dn_release(plain->sources[i].real);
    }
    dn_release(plain->sources);
    *plain = (dn_plain){0};
}

/* ---- A folder that is recognised --------------------------------------------------------------
 */

typedef enum meaning { MEANS_NOTHING, MEANS_GOOD, MEANS_BAD, MEANS_ROI, MEANS_OTHER } meaning;

static meaning meaning_of_folder(const char *name) {
    if (dn_is_good_folder_name(name))
        return MEANS_GOOD;
    if (dn_is_bad_folder_name(name))
        return MEANS_BAD;
    return strcmp(name, "roi") == 0 ? MEANS_ROI : MEANS_OTHER;
}

/* What an entry of the folder means, and its path. */
static meaning look_at(const char *folder, const char *name, char path[DN_PATH_LIMIT]) {
    if (name[0] == '.' || dn_is_foreign_folder(name) ||
        dn_path_join(path, DN_PATH_LIMIT, folder, name, NULL) != DN_OK || !dn_is_folder(path))
        return MEANS_NOTHING;
    return meaning_of_folder(name);
}

dn_plain_shape dn_plain_look(const char *folder) {
    dn_plain_shape shape = {0};
    char path[DN_PATH_LIMIT];
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        meaning found = look_at(folder, entry->d_name, path);
        shape.good += found == MEANS_GOOD;
        shape.bad += found == MEANS_BAD;
        shape.others += found == MEANS_OTHER;
        shape.images += found == MEANS_NOTHING && entry->d_name[0] != '.' &&
                        dn_is_image_name(entry->d_name) && !dn_has_folder(folder, entry->d_name);
    }
    if (entries)
        closedir(entries);
    return shape;
}

int dn_has_plain_folders(const char *folder) {
    dn_plain_shape shape = dn_plain_look(folder);
    return shape.good > 0 && shape.others == 0 && shape.images == 0;
}

static dn_status add_folders(dn_plain *plain, const char *folder, dn_error *error) {
    static const int labels[] = {
        [MEANS_GOOD] = DN_PLAIN_GOOD, [MEANS_BAD] = DN_PLAIN_BAD, [MEANS_ROI] = DN_PLAIN_LEFT_OUT};
    char path[DN_PATH_LIMIT];
    DIR *entries = opendir(folder);
    dn_status status = DN_OK;
    for (const struct dirent *entry; entries && status == DN_OK && (entry = readdir(entries));) {
        meaning found = look_at(folder, entry->d_name, path);
        if (found != MEANS_NOTHING && found != MEANS_OTHER)
            status = add_source(plain, path, labels[found], error);
    }
    if (entries)
        closedir(entries);
    return status;
}

/* Folders of good parts, or pictures alone, which are then good; a folder whose name says nothing
 * could be either. */
dn_status dn_plain_recognise(const char *folder, dn_plain *plain, dn_error *error) {
    dn_plain_shape shape = dn_plain_look(folder);
    *plain = (dn_plain){0};
    if (shape.others > 0 || (shape.good > 0) == (shape.images > 0))
        return DN_OK;
    if (shape.good == 0)
        DN_TRY(add_source(plain, folder, DN_PLAIN_GOOD, error));
    return add_folders(plain, folder, error);
}

/* ---- Sources within each other ----------------------------------------------------------------
 */

/* Whether the path `real`/`inner` is `outer` or lies below it. */
static int lies_within(const char *real, const char *inner, const char *outer) {
    size_t length = strlen(real);
    if (strncmp(real, outer, length) != 0 || outer[length] != '/')
        return 0; /* `outer` may contain the whole source */
    const char *rest = outer + length + 1;
    size_t left = strlen(rest);
    return strncmp(inner, rest, left) == 0 && (inner[left] == '/' || inner[left] == '\0');
}

int dn_plain_owns(const dn_plain *plain, size_t index, const char *inner) {
    const char *real = plain->sources[index].real;
    for (size_t i = 0; i < plain->count && *inner; i++)
        if (i != index && lies_within(real, inner, plain->sources[i].real))
            return 0;
    return 1;
}
