#include "api/calibration_images.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/text.h"
#include "dataset/names/names.h"
#include "dataset/walk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- folders ---- */

/* A folder directly below the named one; length 0: the named one itself. */
typedef struct kind {
    const char *name;
    size_t length, count;
} kind;

static kind kind_of(const char *path, size_t prefix) {
    const char *name = path + prefix + strspn(path + prefix, "/");
    const char *slash = strchr(name, '/');
    return (kind){name, slash ? (size_t)(slash - name) : 0, 1};
}

enum { NAMED = 8 }; /* kinds that a message names */

/* Counts kinds; those past NAMED are counted together. */
static size_t count_kinds(const dn_image_list *list, const char *folder, kind kinds[NAMED]) {
    size_t count = 0, prefix = strlen(folder);
    for (size_t i = 0; i < list->count; i++) {
        kind found = kind_of(list->paths[i], prefix);
        size_t k = 0;
        while (k < count && (kinds[k].length != found.length ||
                             memcmp(kinds[k].name, found.name, found.length) != 0))
            k++;
        if (k < count)
            kinds[k].count++;
        else if (count < NAMED)
            kinds[count++] = found;
    }
    return count;
}

static dn_status refuse_kinds(const char *folder, const kind *kinds, size_t count,
                              dn_error *error) {
    dn_text text = {0};
    char *named;
    for (size_t i = 0; i < count; i++)
        dn_text_append(&text, "%s%.*s (%zu)", i ? ", " : "",
                       kinds[i].length ? (int)kinds[i].length : 6,
                       kinds[i].length ? kinds[i].name : "itself", kinds[i].count);
    DN_TRY(dn_text_take(&text, &named, error));
    dn_status status = dn_fail(error, DN_ERROR_DATA,
                               "%s: its images lie in several folders: %s; expected one folder of "
                               "good images, or --force if all of them are good",
                               folder, named);
    dn_text_free(named);
    return status;
}

/* The last part of a path without slashes at its end. */
static void last_name(const char *path, char name[256], char parent[1024]) {
    size_t end = strlen(path), begin;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/';)
        begin--;
    snprintf(name, 256, "%.*s", (int)(end - begin), path + begin);
    snprintf(parent, 1024, "%.*s", begin ? (int)begin : 1, begin ? path : ".");
}

static int holds_good_folder(const char *parent) {
    char path[1024];
    int found = 0;
    DIR *directory = opendir(parent);
    const struct dirent *entry;
    while (directory && !found && (entry = readdir(directory)) != NULL)
        found = dn_is_good_name(entry->d_name) &&
                dn_path_join(path, sizeof path, parent, entry->d_name, NULL) == DN_OK &&
                dn_is_folder(path);
    if (directory)
        closedir(directory);
    return found;
}

static dn_status refuse_defects(const char *folder, const char *reason, dn_error *error) {
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: seems to hold defects: %s; expected good images, or --force if these are",
                   folder, reason);
}

/* test/scratch beside test/good holds defects, and so does NG. */
static dn_status check_name(const char *folder, dn_error *error) {
    char name[256], parent[1024];
    last_name(folder, name, parent);
    if (dn_is_bad_folder_name(name))
        return refuse_defects(folder, "its name says so", error);
    if (dn_is_good_folder_name(name) || name[0] == '.' || !name[0] || !holds_good_folder(parent))
        return DN_OK;
    return refuse_defects(folder, "it stands beside a folder of good ones", error);
}

static dn_status check_folder(const char *folder, const dn_image_list *list, dn_error *error) {
    kind kinds[NAMED];
    size_t count = count_kinds(list, folder, kinds);
    char inner[256] = "";
    if (count > 1)
        return refuse_kinds(folder, kinds, count, error);
    if (count == 1)
        snprintf(inner, sizeof inner, "%.*s", (int)kinds[0].length, kinds[0].name);
    if (dn_is_bad_folder_name(inner))
        return refuse_defects(folder, "the name of the folder in it says so", error);
    return check_name(folder, error);
}

static dn_status list_samples(dn_calibration_images *images, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, images->list.count, sizeof(dn_sample), error));
    images->samples = block;
    for (size_t i = 0; i < images->list.count; i++)
        images->samples[i] = (dn_sample){
            .path = images->list.paths[i], .name = images->list.paths[i], .defect = (char *)"good"};
    return DN_OK;
}

static void tell_skipped(const char *folder, const dn_image_list *list,
                         const dn_observer *observer) {
    if (list->skipped > 0)
        dn_tell(observer, DN_NOTE,
                list->skipped == 1 ? "%s: skipped %zu file that is not an image"
                                   : "%s: skipped %zu files that are not images",
                folder, list->skipped);
    if (list->outputs > 0)
        dn_tell(observer, DN_NOTE,
                "%s: skipped results of differnet (maps, overlays, results folders): %zu", folder,
                list->outputs);
}

dn_status dn_calibration_images_list(const char *folder, int force, const dn_observer *observer,
                                     dn_calibration_images *images, dn_error *error) {
    *images = (dn_calibration_images){.list = DN_INIT(dn_image_list)};
    DN_TRY(dn_image_list_create(folder, &images->list, error));
    dn_status status = DN_OK;
    if (!dn_is_folder(folder))
        status = dn_fail(error, DN_ERROR_DATA,
                         "%s: is a single file; expected a folder of good images that training has "
                         "not seen",
                         folder);
    else if (!force)
        status = check_folder(folder, &images->list, error);
    if (status == DN_OK)
        status = list_samples(images, error);
    if (status != DN_OK)
        dn_calibration_images_free(images);
    else
        tell_skipped(folder, &images->list, observer);
    return status;
}

void dn_calibration_images_free(dn_calibration_images *images) {
    dn_release(images->samples);
    dn_image_list_free(&images->list);
    *images = (dn_calibration_images){0};
}

/* ---- pixels ---- */

typedef struct numbered {
    dn_seen_digest digest;
    size_t index;
} numbered;

static int by_digest(const void *left, const void *right) {
    const numbered *a = left, *b = right;
    int order = memcmp(a->digest, b->digest, sizeof a->digest);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static dn_status refuse_trained(const dn_seen *seen, const dn_sample *samples,
                                const dn_seen_picture *pictures, size_t count, dn_error *error) {
    size_t known = 0, first = 0;
    for (size_t i = 0; i < count; i++)
        if (pictures[i].is_readable && dn_seen_knows(seen, pictures[i].digest) && known++ == 0)
            first = i;
    if (known == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: the model was trained on this image (%zu of %zu are training images); "
                   "their scores are too low, expected good images that training has not seen",
                   samples[first].path, known, count);
}

/* `order` has room for all. */
static dn_status refuse_copies(const dn_sample *samples, const dn_seen_picture *pictures,
                               size_t count, numbered *order, dn_error *error) {
    size_t readable = 0;
    for (size_t i = 0; i < count; i++) {
        if (!pictures[i].is_readable)
            continue;
        memcpy(order[readable].digest, pictures[i].digest, DN_SEEN_DIGEST);
        order[readable++].index = i;
    }
    qsort(order, readable, sizeof *order, by_digest);
    for (size_t i = 1; i < readable; i++)
        if (memcmp(order[i - 1].digest, order[i].digest, DN_SEEN_DIGEST) == 0)
            return dn_fail(error, DN_ERROR_DATA,
                           "%s: the same picture as %s; each good part counts once, remove the "
                           "copies",
                           samples[order[i].index].path, samples[order[i - 1].index].path);
    return DN_OK;
}

static dn_status refuse_few(const dn_seen_picture *pictures, size_t count, int force,
                            dn_error *error) {
    size_t readable = 0;
    for (size_t i = 0; i < count; i++)
        readable += (size_t)pictures[i].is_readable;
    if (force || readable == 0 || readable >= DN_CALIBRATION_LEAST)
        return DN_OK; /* without any, scoring says so */
    return dn_fail(
        error, DN_ERROR_DATA,
        "only %zu good images; expected %d or more (--force: they promise a false-reject "
        "rate of %.2g)",
        readable, DN_CALIBRATION_LEAST, 1.0 / (double)(readable + 1));
}

static dn_status review(const dn_seen *seen, const dn_sample *samples,
                        const dn_seen_picture *pictures, size_t count, int force, dn_error *error) {
    void *order;
    DN_TRY(refuse_trained(seen, samples, pictures, count, error));
    DN_TRY(dn_allocate(&order, count, sizeof(numbered), error));
    dn_status status = refuse_copies(samples, pictures, count, order, error);
    dn_release(order);
    return status == DN_OK ? refuse_few(pictures, count, force, error) : status;
}

dn_status dn_calibration_images_review(const dn_extractor *extractor, const dn_seen *seen,
                                       const dn_sample *samples, size_t count, int threads,
                                       int force, const dn_observer *observer, dn_error *error) {
    dn_seen_picture *pictures;
    if (seen->digest_count == 0)
        dn_tell(observer, DN_WARNING,
                "the model does not say what it was trained on: make sure that it has not seen "
                "these images");
    DN_TRY(dn_seen_look(extractor, samples, count, threads, 1, observer, &pictures, error));
    dn_status status = review(seen, samples, pictures, count, force, error);
    dn_release(pictures);
    return status;
}
