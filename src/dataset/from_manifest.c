#include "base/file.h"
#include "base/memory.h"
#include "dataset/collect.h"
#include "dataset/listed_path.h"
#include "dataset/manifest.h"
#include "dataset/names/names.h"
#include "dataset/readers.h"
#include "dataset/walk.h"

#include <stdio.h>
#include <string.h>

#define MANIFEST_LIMIT ((size_t)1 << 30)

typedef struct source {
    const char *path; /* of the manifest */
    char folder[DN_PATH_LIMIT];
    dn_path_finder finder;
    const dn_observer *observer;
    dn_dataset *dataset;
    dn_error *error;
} source;

static dn_status find_folder(const char *path, char *folder, dn_error *error) {
    size_t length = (size_t)(dn_path_name(path) - path);
    if (length >= DN_PATH_LIMIT)
        return dn_fail(error, DN_ERROR_IO, "%.200s...: the path is longer than %d bytes", path,
                       DN_PATH_LIMIT - 1);
    memcpy(folder, path, length);
    folder[length] = '\0';
    return DN_OK;
}

/* The image's parent folder, unless its name says nothing about the defect. */
static void name_defect(const char *image_path, char *defect) {
    char folder[DN_PATH_LIMIT];
    size_t length = (size_t)(dn_path_name(image_path) - image_path);
    while (length > 0 && image_path[length - 1] == '/')
        length--;
    snprintf(folder, sizeof folder, "%.*s", (int)length, image_path);
    const char *parent = dn_path_name(folder);
    int says_nothing = parent[0] == '\0' || strcmp(parent, ".") == 0 || strcmp(parent, "..") == 0 ||
                       dn_is_good_name(parent);
    snprintf(defect, DN_PATH_LIMIT, "%s", says_nothing ? "defective" : parent);
}

static dn_status add_row(source *from, const dn_manifest_row *row) {
    char path[DN_PATH_LIMIT], name[DN_PATH_LIMIT], mask[DN_PATH_LIMIT], ignored[DN_PATH_LIMIT];
    char defect[DN_PATH_LIMIT] = "good";
    DN_TRY(dn_path_find(&from->finder, row->image_path, row->line, path, name, from->error));
    if (row->mask_path)
        DN_TRY(dn_path_find(&from->finder, row->mask_path, row->line, mask, ignored, from->error));
    if (row->label)
        name_defect(name, defect);
    const dn_found_sample found = {
        .path = path,
        .name = name,
        .defect = defect,
        .mask_path = row->mask_path ? mask : NULL,
        .split = row->split,
        .label = row->label,
    };
    return dn_dataset_add(from->dataset, &found, from->error);
}

static dn_status add_split(source *from, const dn_manifest *manifest, dn_split split) {
    size_t untrained = 0;
    const char *first = NULL;
    for (size_t i = 0; i < manifest->count; i++) {
        const dn_manifest_row *row = &manifest->rows[i];
        if (row->split != split)
            continue;
        if (split == DN_SPLIT_TRAIN && row->label) {
            if (untrained++ == 0)
                first = row->image_path;
            continue;
        }
        DN_TRY(add_row(from, row));
    }
    if (untrained > 0)
        dn_tell(from->observer, DN_WARNING,
                "%s: left out rows of split train with a label_index other than 0: %zu, the first: "
                "%s",
                from->path, untrained, first);
    return DN_OK;
}

static dn_status check_wanted(const source *from, unsigned wanted) {
    const dn_dataset *dataset = from->dataset;
    if (wanted & DN_DATASET_ANYTHING)
        return DN_OK;
    if ((wanted & 1u << DN_SPLIT_TRAIN) && dataset->good[DN_SPLIT_TRAIN] == 0)
        return dn_fail(from->error, DN_ERROR_DATA,
                       "%s: no row with split train and label_index 0; expected good images to "
                       "train on",
                       from->path);
    if (!(wanted & 1u << DN_SPLIT_TEST) || dn_split_count(dataset, DN_SPLIT_TEST) > 0 ||
        dn_split_count(dataset, DN_SPLIT_VALIDATE) > 0)
        return DN_OK;
    if (!(wanted & 1u << DN_SPLIT_TRAIN))
        return dn_fail(from->error, DN_ERROR_DATA,
                       "%s: no row with split test; expected images to test with", from->path);
    dn_tell(from->observer, DN_WARNING, "%s: has no row with split test: nothing will be evaluated",
            from->path);
    return DN_OK;
}

static dn_status add_wanted(source *from, const dn_manifest *manifest, unsigned wanted) {
    for (dn_split split = 0; split < DN_SPLITS; split++) {
        if (wanted & 1u << split)
            DN_TRY(add_split(from, manifest, split));
        dn_dataset_end_split(from->dataset, split);
    }
    return check_wanted(from, wanted);
}

static dn_status read_text(source *from, char *text, size_t size, unsigned wanted) {
    dn_manifest manifest;
    dn_status status = dn_manifest_parse(from->path, text, size, &manifest, from->error);
    if (status == DN_OK)
        status = add_wanted(from, &manifest, wanted);
    dn_manifest_destroy(&manifest);
    return status;
}

dn_status dn_dataset_from_manifest(const char *path, unsigned wanted, const dn_observer *observer,
                                   dn_dataset *dataset, dn_error *error) {
    source from = {.path = path, .observer = observer, .dataset = dataset, .error = error};
    uint8_t *text;
    size_t size;
    dataset->is_listed = 1;
    DN_TRY(find_folder(path, from.folder, error));
    DN_TRY(dn_file_read(path, MANIFEST_LIMIT, &text, &size, error));
    from.finder = (dn_path_finder){.manifest = path, .folder = from.folder};
    dn_status status = read_text(&from, (char *)text, size, wanted);
    dn_path_finder_report(&from.finder, observer);
    dn_path_finder_clear(&from.finder);
    dn_release(text);
    return status;
}
