/* The images that predict's command line and standard input name. */
#include "cli/batch.h"
#include "cli/usage.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_skipped(dn_batch *batch, const char *path, const dn_image_list *list) {
    char note[1200];
    if (list->skipped > 0) {
        snprintf(note, sizeof note,
                 list->skipped == 1 ? "%.1000s: skipped %zu file that is not an image"
                                    : "%.1000s: skipped %zu files that are not images",
                 path, list->skipped);
        dn_display_message(&batch->cli->display, DN_NOTE, note);
    }
    if (list->outputs > 0) {
        snprintf(note, sizeof note,
                 "%.1000s: skipped results of differnet (maps, overlays, results folders): %zu",
                 path, list->outputs);
        dn_display_message(&batch->cli->display, DN_NOTE, note);
    }
}

/* The next picture that this process scores; `after` follows the last one. */
static const char *next_of(const dn_batch *batch, const dn_image_list *list, size_t i,
                           const char *after) {
    if (i + batch->stride < list->count)
        return list->paths[i + batch->stride];
    return batch->stride == 1 ? after : NULL;
}

/* `after`: the file that follows the last one. */
static dn_status score_list(dn_batch *batch, const char *path, const dn_image_list *list,
                            const char *after) {
    dn_status status = DN_OK;
    tell_skipped(batch, path, list);
    batch->total += list->count - 1; /* the path itself was counted as one */
    for (size_t i = 0; status == DN_OK && i < list->count; i++) {
        const dn_image_source source = {.struct_size = sizeof source, .path = list->paths[i]};
        batch->next = next_of(batch, list, i, after);
        status = dn_batch_score(batch, list->paths[i], &source);
    }
    return status;
}

static dn_status score_path(dn_batch *batch, const char *path, const char *after) {
    dn_image_list list = DN_INIT(dn_image_list);
    dn_error failure = {0};
    if (dn_image_list_create(path, &list, &failure) != DN_OK) {
        return dn_batch_fail(batch, path, &failure);
    }
    dn_status status = score_list(batch, path, &list, after);
    dn_image_list_free(&list);
    return status;
}

static dn_status score_matches(dn_batch *batch, const char *pattern, const glob_t *matches,
                               const char *after) {
    dn_status status = DN_OK;
    dn_error failure = {0};
    if (matches->gl_pathc == 0) {
        dn_usage(&failure, "%.900s: no file has that name or matches it", pattern);
        return dn_batch_fail(batch, pattern, &failure);
    }
    batch->total += matches->gl_pathc - 1;
    for (size_t i = 0; status == DN_OK && i < matches->gl_pathc; i++)
        status = score_path(batch, matches->gl_pathv[i],
                            i + 1 < matches->gl_pathc ? matches->gl_pathv[i + 1] : after);
    return status;
}

/* A file whose name looks like a pattern is a file. */
dn_status dn_batch_operand(dn_batch *batch, const char *operand, const char *after) {
    glob_t matches = {0};
    if (!strpbrk(operand, "*?[") || access(operand, F_OK) == 0)
        return score_path(batch, operand, after);
    dn_status status = DN_OK;
    if (glob(operand, 0, NULL, &matches) == GLOB_NOSPACE)
        status = dn_out_of_memory(&batch->cli->error);
    if (status == DN_OK)
        status = score_matches(batch, operand, &matches, after);
    globfree(&matches);
    return status;
}

dn_status dn_batch_names(dn_batch *batch) {
    char *line = NULL;
    size_t capacity = 0;
    dn_status status = DN_OK;
    while (status == DN_OK && getline(&line, &capacity, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            status = score_path(batch, line, NULL);
    }
    free(line);
    return status == DN_OK ? dn_batch_progress(batch) : status;
}

/* Reads all of standard input; returns SIZE_MAX if that fails or if it is longer than `limit`. */
static size_t read_standard_input(char **bytes, size_t limit) {
    size_t size = 0, capacity = 1 << 16;
    *bytes = malloc(capacity);
    while (*bytes && size <= limit) {
        size_t count = fread(*bytes + size, 1, capacity - size, stdin);
        size += count;
        if (count == 0)
            return ferror(stdin) ? SIZE_MAX : size;
        char *larger = size == capacity ? realloc(*bytes, capacity *= 2) : *bytes;
        if (!larger)
            return SIZE_MAX;
        *bytes = larger;
    }
    return SIZE_MAX;
}

dn_status dn_batch_standard_input(dn_batch *batch) {
    const size_t limit = (size_t)1 << 30; /* as for files */
    dn_error failure = {0};
    char *bytes;
    size_t size = read_standard_input(&bytes, limit);
    dn_status status;
    if (size == SIZE_MAX || size == 0) {
        dn_usage(&failure, "standard input: %s",
                 size == 0 ? "is empty" : "cannot be read, or is too large for an image");
        status = dn_batch_fail(batch, "-", &failure);
    } else {
        const dn_image_source source = {.struct_size = sizeof source, .bytes = bytes, .size = size};
        status = dn_batch_score(batch, "-", &source);
    }
    free(bytes);
    return status;
}
