#include "train/evaluation_gather.h"

#include "base/memory.h"
#include "base/observer.h"
#include "base/text.h"
#include "inspect/tiles.h"

#include <stdio.h>
#include <string.h>

/* One result as it travels; all processes run the same program. */
typedef struct travelling {
    dn_score score;
    double elapsed_ms;
    int is_unlike;
    dn_status status;
} travelling;

dn_group *dn_evaluation_group(const dn_evaluation *evaluation) {
    return evaluation->inspector->detector->config->group;
}

/* Where the results of process `rank` begin. */
static size_t results_before(size_t count, size_t size, size_t rank) {
    size_t before = 0;
    for (size_t i = 0; i < rank; i++)
        before += dn_share_size(&(dn_share){i, size}, count);
    return before;
}

static void pack(const dn_evaluation *evaluation, travelling *next) {
    for (size_t i = 0; i < evaluation->count; i++) {
        const dn_sample_score *result = &evaluation->results[i];
        if (dn_share_takes(&evaluation->share, i))
            *next++ =
                (travelling){result->score, result->elapsed_ms, result->is_unlike, result->status};
    }
}

static void unpack(dn_evaluation *evaluation, const travelling *all) {
    size_t size = evaluation->share.count;
    for (size_t i = 0; all && size > 0 && i < evaluation->count; i++) {
        const travelling *from = all + results_before(evaluation->count, size, i % size) + i / size;
        dn_sample_score *result = &evaluation->results[i];
        result->score = from->score;
        result->elapsed_ms = from->elapsed_ms;
        result->is_unlike = from->is_unlike;
        result->status = from->status;
    }
}

static dn_status gather_results(dn_evaluation *evaluation, dn_status own, dn_error *error) {
    dn_group *group = dn_evaluation_group(evaluation);
    size_t size = evaluation->share.count, count = evaluation->count;
    void *block = NULL;
    if (own == DN_OK)
        own = dn_allocate(&block, count, sizeof(travelling), error);
    travelling *all = block;
    if (own == DN_OK)
        pack(evaluation, all + results_before(count, size, evaluation->share.index));
    for (size_t i = 0; i < size; i++)
        dn_group_sizes(group)[i] = dn_share_size(&(dn_share){i, size}, count) * sizeof(travelling);
    dn_status status = dn_group_gather(group, own, all, dn_group_sizes(group), error);
    if (status == DN_OK)
        unpack(evaluation, all);
    dn_release(all);
    return status;
}

/* ---- why images have no score: rarely, so it travels apart ------------------------------------
 */

typedef char failure_text[sizeof((dn_error *)0)->message];

/* Sets the sizes of the group to those of the failures; returns how many there are before process
 * `rank`. */
static size_t count_failures(const dn_evaluation *evaluation, size_t rank, size_t *sizes) {
    size_t before = 0;
    memset(sizes, 0, evaluation->share.count * sizeof *sizes);
    for (size_t i = 0; i < evaluation->count; i++)
        if (evaluation->results[i].status != DN_OK)
            sizes[i % evaluation->share.count] += sizeof(failure_text);
    for (size_t i = 0; i < rank; i++)
        before += sizes[i] / sizeof(failure_text);
    return before;
}

static dn_status take_failure(dn_sample_score *result, char *text, const dn_observer *observer,
                              dn_error *error) {
    text[sizeof(failure_text) - 1] = '\0';
    if (result->failure)
        return DN_OK;
    dn_tell(observer, DN_WARNING, "left out: %s", text);
    return dn_copy_text(&result->failure, text, error);
}

static dn_status exchange_failures(dn_evaluation *evaluation, failure_text *all,
                                   const dn_observer *observer, dn_error *error) {
    dn_group *group = dn_evaluation_group(evaluation);
    size_t size = evaluation->share.count, own = evaluation->share.index;
    failure_text *next = all + count_failures(evaluation, own, dn_group_sizes(group));
    for (size_t i = own; i < evaluation->count; i += size)
        if (evaluation->results[i].status != DN_OK && evaluation->results[i].failure)
            snprintf(*next++, sizeof *next, "%s", evaluation->results[i].failure);
    DN_TRY(dn_group_gather(group, DN_OK, all, dn_group_sizes(group), error));
    next = all;
    for (size_t rank = 0; rank < size; rank++)
        for (size_t i = rank; i < evaluation->count; i += size)
            if (evaluation->results[i].status != DN_OK)
                DN_TRY(take_failure(&evaluation->results[i], *next++, observer, error));
    return DN_OK;
}

static dn_status gather_failures(dn_evaluation *evaluation, const dn_observer *observer,
                                 dn_error *error) {
    dn_group *group = dn_evaluation_group(evaluation);
    size_t size = evaluation->share.count;
    size_t count = count_failures(evaluation, size, dn_group_sizes(group));
    void *all;
    if (count == 0)
        return DN_OK;
    DN_TRY(dn_allocate(&all, count, sizeof(failure_text), error));
    dn_status status = exchange_failures(evaluation, all, observer, error);
    dn_release(all);
    return status;
}

/* ---- the scores of tiles, of which pictures have different numbers ----------------------------
 */

typedef struct travelling_tiles {
    int width, height, count, total; /* followed by the four arrays */
} travelling_tiles;

static size_t bytes_of(const dn_tile_scores *tiles) {
    return 4 * (size_t)tiles->total * sizeof(double);
}

static dn_status pack_tiles(const dn_evaluation *evaluation, char **bytes, size_t *size,
                            dn_error *error) {
    dn_text text = {0};
    for (size_t i = 0; i < evaluation->count; i++) {
        const dn_tile_scores *tiles = &evaluation->results[i].tiles;
        const travelling_tiles head = {tiles->width, tiles->height, tiles->count, tiles->total};
        if (!dn_share_takes(&evaluation->share, i))
            continue;
        dn_text_append_bytes(&text, (const char *)&head, sizeof head);
        if (tiles->total > 0)
            dn_text_append_bytes(&text, (const char *)tiles->paper, bytes_of(tiles));
    }
    *size = text.length;
    return dn_text_take(&text, bytes, error);
}

static dn_status unpack_tiles(dn_tile_scores *tiles, const char **next, dn_error *error) {
    travelling_tiles head;
    memcpy(&head, *next, sizeof head);
    *next += sizeof head;
    DN_TRY(dn_tile_scores_begin(tiles, head.width, head.height, head.total, error));
    tiles->count = head.count;
    if (head.total > 0)
        memcpy(tiles->paper, *next, bytes_of(tiles));
    *next += bytes_of(tiles);
    return DN_OK;
}

static dn_status exchange_tiles(dn_evaluation *evaluation, dn_status own, const char *bytes,
                                size_t size, dn_error *error) {
    char *all;
    size_t sizes[DN_GROUP_MOST], count = evaluation->share.count;
    DN_TRY(
        dn_group_exchange(dn_evaluation_group(evaluation), own, bytes, size, &all, sizes, error));
    const char *next = all;
    dn_status status = DN_OK;
    for (size_t rank = 0; rank < count; rank++)
        for (size_t i = rank; i < evaluation->count && status == DN_OK; i += count)
            status = unpack_tiles(&evaluation->results[i].tiles, &next, error);
    dn_text_free(all);
    return status;
}

static dn_status gather_tiles(dn_evaluation *evaluation, dn_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    if (!dn_inspector_has_tiles(evaluation->inspector))
        return DN_OK;
    dn_status status = pack_tiles(evaluation, &bytes, &size, error);
    status = exchange_tiles(evaluation, status, bytes, size, error);
    dn_text_free(bytes);
    return status;
}

dn_status dn_evaluation_gather(dn_evaluation *evaluation, dn_status own,
                               const dn_observer *observer, dn_error *error) {
    if (!dn_evaluation_group(evaluation))
        return own;
    DN_TRY(gather_results(evaluation, own, error));
    DN_TRY(gather_failures(evaluation, observer, error));
    return gather_tiles(evaluation, error);
}
