/* What is said of a folder whose layout is unknown: the tree that was found, and a command. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "dataset/names/names.h"
#include "dataset/plain.h"
#include "differnet.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6 };

static int is_shown_folder(const char *folder, const char *name, char path[DN_PATH_LIMIT]) {
    return name[0] != '.' && !dn_is_foreign_folder(name) &&
           dn_path_join(path, DN_PATH_LIMIT, folder, name, NULL) == DN_OK && dn_is_folder(path);
}

/* A name that a shell takes as one word. */
static void append_word(dn_text *text, const char *path) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789/._-+=:,@";
    if (*path && !path[strspn(path, safe)]) {
        dn_text_append(text, "%s", path);
        return;
    }
    dn_text_append(text, "'");
    for (; *path; path++)
        dn_text_append(text, *path == '\'' ? "'\\''" : "%c", *path);
    dn_text_append(text, "'");
}

typedef struct entry {
    char path[DN_PATH_LIMIT];
    dn_plain_shape shape;
} entry;

typedef struct tree {
    entry entries[SHOWN]; /* the first folders by name */
    size_t count, folders;
} tree;

static int by_name(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void look(tree *self, const char *folder) {
    struct dirent **entries;
    char path[DN_PATH_LIMIT];
    int count = scandir(folder, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        if (is_shown_folder(folder, entries[i]->d_name, path) && self->folders++ < SHOWN) {
            entry *next = &self->entries[self->count++];
            snprintf(next->path, sizeof next->path, "%s", path);
            next->shape = dn_plain_look(path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void append_tree(dn_text *text, const tree *self, const char *folder, size_t images) {
    dn_text_append(text, "%.300s: is not a data set in a known layout; it holds pictures: %zu",
                   folder, images);
    for (size_t i = 0; i < self->count; i++) {
        const dn_plain_shape *shape = &self->entries[i].shape;
        size_t inside = shape->good + shape->bad + shape->others;
        dn_text_append(text, ", %.40s/ (pictures: %zu", dn_path_name(self->entries[i].path),
                       shape->images);
        dn_text_append(text, inside > 0 ? ", folders: %zu)" : ")", inside);
    }
    if (self->folders > self->count)
        dn_text_append(text, ", and more folders: %zu", self->folders - self->count);
}

/* The folder that holds the most pictures, for want of a name that says which ones are good. */
static const entry *find_fullest(const tree *self) {
    const entry *fullest = &self->entries[0];
    for (size_t i = 1; i < self->count; i++)
        if (self->entries[i].shape.images > fullest->shape.images)
            fullest = &self->entries[i];
    return fullest;
}

static int is_named_good(const entry *candidate) {
    return dn_is_good_folder_name(dn_path_name(candidate->path));
}

/* One folder's option, as long as the message has room. */
static void append_option(dn_text *text, const char *option, const char *path) {
    enum { ROOM = 900 };
    if (text->length + strlen(path) < ROOM) {
        dn_text_append(text, " %s ", option);
        append_word(text, path);
    }
}

static void append_command(dn_text *text, const tree *self, const char *folder, size_t images) {
    int named = 0;
    for (size_t i = 0; i < self->count; i++)
        named |= is_named_good(&self->entries[i]);
    const entry *guess = !named && images == 0 ? find_fullest(self) : NULL;
    dn_text_append(text,
                   "; name the good and the defective pictures, for example: differnet train");
    if (!named && images > 0)
        append_option(text, "--good", folder);
    for (size_t i = 0; i < self->count; i++) {
        const entry *next = &self->entries[i];
        append_option(text, next == guess || is_named_good(next) ? "--good" : "--bad", next->path);
    }
}

dn_status dn_fail_unrecognised(const char *folder, dn_error *error) {
    void *block;
    dn_text text = {0};
    size_t images = dn_plain_look(folder).images;
    DN_TRY(dn_allocate(&block, 1, sizeof(tree), error));
    tree *self = block;
    look(self, folder);
    append_tree(&text, self, folder, images);
    if (self->count > 0 || images > 0)
        append_command(&text, self, folder, images);
    else
        dn_text_append(&text, "; expected pictures, or CLASS/train/good/*.png");
    dn_status status = text.data && !text.failed
                           ? dn_fail(error, DN_ERROR_DATA, "%s", text.data)
                           : dn_fail(error, DN_ERROR_MEMORY, "%.300s: out of memory", folder);
    dn_text_destroy(&text);
    dn_release(block);
    return status;
}
