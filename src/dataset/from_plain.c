/* Pictures of plain folders as samples, under the names that they would have in MVTec's layout:
 * "train/good/1.png", "test/good/2.png", "test/scratch/3.png". */
#include "base/file.h"
#include "base/memory.h"
#include "dataset/collect.h"
#include "dataset/names/names.h"
#include "dataset/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_TO_SPLIT = 50, ONE_IN = 5 };

/* Part of the digest that orders pictures; another one would hold out others. */
static const char SPLIT_SEED[] = "differnet held-out pictures 1/";

typedef struct picture {
    char *path, *kind, *inner; /* "good" or the kind of defect; below the kind's folder */
    uint8_t order[DN_DIGEST_BYTES];
    int label, held_out;
} picture;

typedef struct pictures {
    picture *items; /* by label, kind, inner, path */
    size_t count, capacity, good;
    size_t hidden, stray;
} pictures;

typedef struct plain_reader {
    const dn_plain *plain;
    const char *place;
    const dn_observer *observer;
    dn_dataset *dataset;
    dn_error *error;
    pictures found;
} plain_reader;

/* ---- Collecting -------------------------------------------------------------------------------
 */

static dn_status add_picture(plain_reader *self, const char *path, const char *kind,
                             const char *inner, int label) {
    pictures *found = &self->found;
    void *items = found->items;
    DN_TRY(dn_grow(&items, &found->capacity, found->count + 1, sizeof(picture), self->error));
    found->items = items;
    picture *item = &found->items[found->count++];
    *item = (picture){.label = label};
    found->good += label == DN_PLAIN_GOOD;
    DN_TRY(dn_copy_text(&item->path, path, self->error));
    DN_TRY(dn_copy_text(&item->kind, kind, self->error));
    return dn_copy_text(&item->inner, inner, self->error);
}

/* The folder's own name, unless it says that the parts are good. */
static const char *kind_of_source(const dn_plain_source *source) {
    const char *name = dn_path_name(source->real);
    return !dn_is_folder(source->path) || !*name || dn_is_good_folder_name(name) ? "bad" : name;
}

/* A defective picture's kind is the folder that it lies in below the source, else the source. */
static dn_status add_walked(plain_reader *self, const dn_plain_source *source, const char *inner) {
    char path[DN_PATH_LIMIT], kind[DN_PATH_LIMIT];
    const char *slash = strchr(inner, '/');
    DN_TRY(dn_path_join(path, sizeof path, source->path, inner, self->error));
    if (source->label == DN_PLAIN_GOOD)
        return add_picture(self, path, "good", inner, source->label);
    if (!slash)
        return add_picture(self, path, kind_of_source(source), inner, source->label);
    snprintf(kind, sizeof kind, "%.*s", (int)(slash - inner), inner);
    return add_picture(self, path, dn_is_good_folder_name(kind) ? "bad" : kind, slash + 1,
                       source->label);
}

static dn_status walk_source(plain_reader *self, size_t index, dn_file_list *list) {
    const dn_plain_source *source = &self->plain->sources[index];
    DN_TRY(dn_file_list_walk(list, source->path, "", self->error));
    for (size_t i = 0; i < list->count; i++)
        if (dn_plain_owns(self->plain, index, list->paths[i]))
            DN_TRY(add_walked(self, source, list->paths[i]));
    self->found.stray += list->stray;
    self->found.hidden += list->hidden + list->foreign;
    if (list->stray > 0)
        dn_tell(self->observer, DN_WARNING,
                "%s: skipped files that are not images: %zu, the first: %s", source->path,
                list->stray, list->first_stray);
    return DN_OK;
}

static dn_status read_source(plain_reader *self, size_t index) {
    const dn_plain_source *source = &self->plain->sources[index];
    dn_file_list list = {0};
    if (source->label == DN_PLAIN_LEFT_OUT)
        return DN_OK;
    if (!dn_is_folder(source->path))
        return add_picture(self, source->path,
                           source->label == DN_PLAIN_GOOD ? "good" : kind_of_source(source),
                           dn_path_name(source->path), source->label);
    dn_status status = walk_source(self, index, &list);
    dn_file_list_destroy(&list);
    return status;
}

/* ---- Names ------------------------------------------------------------------------------------
 */

static int by_name(const void *left, const void *right) {
    const picture *a = left, *b = right;
    int order = a->label - b->label;
    order = order ? order : strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->inner, b->inner);
    return order ? order : strcmp(a->path, b->path);
}

/* Pictures of two folders may have one name: the second becomes "2/NAME", and so on. */
static dn_status number_equal_names(plain_reader *self) {
    picture *items = self->found.items;
    for (size_t i = 0, first = 0; i < self->found.count; i++) {
        char numbered[DN_PATH_LIMIT];
        if (strcmp(items[first].kind, items[i].kind) != 0 ||
            strcmp(items[first].inner, items[i].inner) != 0 || first == i) {
            first = i;
            continue;
        }
        snprintf(numbered, sizeof numbered, "%zu/%.4000s", i - first + 1, items[i].inner);
        dn_release(items[i].inner);
        items[i].inner = NULL;
        DN_TRY(dn_copy_text(&items[i].inner, numbered, self->error));
    }
    return DN_OK;
}

/* ---- The split --------------------------------------------------------------------------------
 */

static int by_order(const void *left, const void *right) {
    const picture *a = *(const picture *const *)left, *b = *(const picture *const *)right;
    int order = memcmp(a->order, b->order, sizeof a->order);
    return order ? order : strcmp(a->inner, b->inner);
}

static void find_order(picture *item) {
    const dn_digest_part parts[] = {{SPLIT_SEED, sizeof SPLIT_SEED - 1},
                                    {item->inner, strlen(item->inner)}};
    dn_digest_parts(parts, 2, item->order);
}

/* Good pictures come first. */
static dn_status hold_out(plain_reader *self) {
    size_t good = self->found.good;
    void *block;
    if (good < LEAST_TO_SPLIT)
        return DN_OK;
    DN_TRY(dn_allocate(&block, good, sizeof(picture *), self->error));
    picture **ordered = block;
    for (size_t i = 0; i < good; i++) {
        ordered[i] = &self->found.items[i];
        find_order(ordered[i]);
    }
    qsort(ordered, good, sizeof *ordered, by_order);
    for (size_t i = 0; i < good / ONE_IN; i++)
        ordered[i]->held_out = 1;
    dn_release(block);
    return DN_OK;
}

static size_t count_kinds(const pictures *found) {
    size_t kinds = 0;
    for (size_t i = found->good; i < found->count; i++)
        kinds += i == found->good || strcmp(found->items[i].kind, found->items[i - 1].kind) != 0;
    return kinds;
}

static void tell_split(const plain_reader *self) {
    const pictures *found = &self->found;
    size_t held_out = found->good < LEAST_TO_SPLIT ? 0 : found->good / ONE_IN;
    if (held_out > 0)
        dn_tell(self->observer, DN_NOTE,
                "%s: %zu good pictures: %zu are for training, %zu are held out for the test (one "
                "in %d, the same ones every time)",
                self->place, found->good, found->good - held_out, held_out, ONE_IN);
    else
        dn_tell(self->observer, DN_WARNING,
                "%s: %zu good picture%s, fewer than %d: all are for training and none is held out, "
                "so neither a threshold nor the rate of false rejects is measured; add good "
                "pictures, or calibrate on the training pictures (--cross-fit 5)",
                self->place, found->good, found->good == 1 ? "" : "s", LEAST_TO_SPLIT);
    if (found->count > found->good)
        dn_tell(self->observer, DN_NOTE,
                "%s: defective pictures for the test: %zu; kinds of defects: %zu", self->place,
                found->count - found->good, count_kinds(found));
}

/* ---- The data set -----------------------------------------------------------------------------
 */

static dn_split split_of(const picture *item) {
    return item->label == DN_PLAIN_BAD || item->held_out ? DN_SPLIT_TEST : DN_SPLIT_TRAIN;
}

static dn_status add_sample(const plain_reader *self, const picture *item) {
    char name[3 * DN_PATH_LIMIT];
    dn_split split = split_of(item);
    snprintf(name, sizeof name, "%s/%s/%s", dn_split_name(split), item->kind, item->inner);
    const dn_found_sample found = {.path = item->path,
                                   .name = name,
                                   .defect = item->kind,
                                   .split = split,
                                   .label = item->label};
    return dn_dataset_add(self->dataset, &found, self->error);
}

static dn_status add_wanted(const plain_reader *self, unsigned wanted) {
    const pictures *found = &self->found;
    for (dn_split split = 0; split < DN_SPLITS; split++) {
        for (size_t i = 0; i < found->count && wanted & 1u << split; i++)
            if (split_of(&found->items[i]) == split)
                DN_TRY(add_sample(self, &found->items[i]));
        dn_dataset_end_split(self->dataset, split);
    }
    self->dataset->stray = found->stray;
    self->dataset->hidden = found->hidden;
    return DN_OK;
}

static dn_status check_wanted(const plain_reader *self, unsigned wanted) {
    const pictures *found = &self->found;
    if (wanted & DN_DATASET_ANYTHING)
        return DN_OK;
    if (found->good == 0)
        return dn_fail(self->error, DN_ERROR_DATA,
                       "%s: holds no good pictures; expected files ending in one "
                       "of " DN_IMAGE_EXTENSIONS " (other files: %zu)",
                       self->place, found->stray + found->hidden);
    if (!(wanted & 1u << DN_SPLIT_TEST) || dn_split_count(self->dataset, DN_SPLIT_TEST) > 0)
        return DN_OK;
    if (!(wanted & 1u << DN_SPLIT_TRAIN))
        return dn_fail(self->error, DN_ERROR_DATA,
                       "%s: has no pictures to test with: of fewer than %d good pictures none is "
                       "held out, and none are defective",
                       self->place, LEAST_TO_SPLIT);
    dn_tell(self->observer, DN_WARNING, "%s: no pictures to test with: nothing will be evaluated",
            self->place);
    return DN_OK;
}

static dn_status read_pictures(plain_reader *self, unsigned wanted) {
    for (size_t i = 0; i < self->plain->count; i++)
        DN_TRY(read_source(self, i));
    if (self->found.count > 0)
        qsort(self->found.items, self->found.count, sizeof(picture), by_name);
    DN_TRY(number_equal_names(self));
    DN_TRY(hold_out(self));
    DN_TRY(add_wanted(self, wanted));
    DN_TRY(check_wanted(self, wanted));
    if (self->found.good > 0 && !(wanted & DN_DATASET_ANYTHING))
        tell_split(self);
    return DN_OK;
}

static void release_pictures(pictures *found) {
    for (size_t i = 0; i < found->count; i++) {
        dn_release(found->items[i].path);
        dn_release(found->items[i].kind);
        dn_release(found->items[i].inner);
    }
    dn_release(found->items);
}

dn_status dn_dataset_from_plain(const dn_plain *plain, const char *place, unsigned wanted,
                                const dn_observer *observer, dn_dataset *dataset, dn_error *error) {
    plain_reader self = {
        .plain = plain, .place = place, .observer = observer, .dataset = dataset, .error = error};
    dn_status status = read_pictures(&self, wanted);
    release_pictures(&self.found);
    return status;
}
