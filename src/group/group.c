#include "group/group.h"

#include "base/digest.h"
#include "base/memory.h"

#include <dlfcn.h>
#include <string.h>

enum { SECONDS = 1800 };

dn_status dn_group_create(const dn_engine *engine, void *context, size_t rank, size_t size,
                          dn_group **group, dn_error *error) {
    void *block, *sizes = NULL, *messages = NULL;
    *group = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_group), error));
    dn_status status = dn_allocate(&sizes, size, sizeof(size_t), error);
    if (status == DN_OK)
        status = dn_allocate(&messages, size, sizeof(dn_error), error);
    if (status != DN_OK) {
        dn_release(sizes);
        dn_release(block);
        return status;
    }
    *group = block;
    **group = (dn_group){.engine = engine,
                         .context = context,
                         .rank = rank,
                         .size = size,
                         .seconds = SECONDS,
                         .sizes = sizes,
                         .messages = messages};
    return DN_OK;
}

size_t dn_group_rank(const dn_group *group) {
    return group ? group->rank : 0;
}

size_t dn_group_size(const dn_group *group) {
    return group ? group->size : 1;
}

int dn_group_is_lost(const dn_group *group) {
    return group && group->lost;
}

void dn_group_set_timeout(dn_group *group, double seconds) {
    if (group)
        group->seconds = seconds;
}

dn_share dn_group_share(const dn_group *group) {
    return (dn_share){dn_group_rank(group), dn_group_size(group)};
}

size_t *dn_group_sizes(dn_group *group) {
    return group->sizes;
}

void dn_group_leave(dn_group *group) {
    if (!group)
        return;
    if (group->lost)
        group->engine->abort(group->context, 1); /* leaving would wait for the others again */
    group->engine->leave(group->context);
    if (group->module)
        dlclose(group->module);
    dn_release(group->sizes);
    dn_release(group->messages);
    dn_release(group);
}

/* The engine's gather; the others are lost if it fails. */
static dn_status gather(dn_group *group, void *all, const size_t *sizes, dn_error *error) {
    const char *message = "unknown";
    dn_engine_status status =
        group->engine->gather(group->context, all, sizes, group->seconds, &message);
    group->sent += sizes[group->rank];
    if (status == DN_ENGINE_OK)
        return DN_OK;
    group->lost = 1;
    if (status == DN_ENGINE_LATE)
        return dn_fail(error, DN_ERROR_IO,
                       "process %zu of %zu: the others have not answered for %.0f s "
                       "(group_timeout); a process or the network may have stopped",
                       group->rank, group->size, group->seconds);
    return dn_fail(error, DN_ERROR_IO, "process %zu of %zu: the others cannot be reached: %s",
                   group->rank, group->size, message);
}

static void fill_sizes(const dn_group *group, size_t *sizes, size_t bytes) {
    for (size_t i = 0; i < group->size; i++)
        sizes[i] = bytes;
}

/* Everybody learns everybody's message, and takes that of the lowest process that failed. */
static dn_status share_failure(dn_group *group, dn_status own, dn_error *error) {
    dn_error *all = (dn_error *)(void *)group->messages;
    size_t first = 0;
    all[group->rank] = error ? *error : (dn_error){0};
    all[group->rank].status = own;
    fill_sizes(group, group->sizes, sizeof *all);
    group->failed = 1;
    DN_TRY(gather(group, all, group->sizes, error));
    while (first + 1 < group->size && all[first].status == DN_OK)
        first++;
    const char *message = all[first].message;
    if (first == 0)
        return dn_fail(error, all[first].status, "%.1000s", message);
    return dn_fail(error, all[first].status, "process %zu of %zu: %.900s", first, group->size,
                   message);
}

dn_status dn_group_agree(dn_group *group, dn_status own, dn_error *error) {
    if (!group || group->failed || group->lost)
        return own;
    int *statuses = (int *)(void *)group->messages, worst = 0;
    statuses[group->rank] = (int)own;
    fill_sizes(group, group->sizes, sizeof *statuses);
    DN_TRY(gather(group, statuses, group->sizes, error));
    for (size_t i = 0; i < group->size; i++)
        worst |= statuses[i] != DN_OK;
    return worst ? share_failure(group, own, error) : DN_OK;
}

dn_status dn_group_gather(dn_group *group, dn_status own, void *all, const size_t *sizes,
                          dn_error *error) {
    size_t kept[DN_GROUP_MOST];
    if (!group)
        return own;
    memcpy(kept, sizes, group->size * sizeof *sizes); /* agreeing uses the group's own */
    DN_TRY(dn_group_agree(group, own, error));
    return gather(group, all, kept, error);
}

static dn_status gather_lengths(dn_group *group, size_t own, size_t *lengths, dn_error *error) {
    size_t *all = (size_t *)(void *)group->messages;
    all[group->rank] = own;
    fill_sizes(group, group->sizes, sizeof *all);
    DN_TRY(gather(group, all, group->sizes, error));
    memcpy(lengths, all, group->size * sizeof *all);
    return DN_OK;
}

dn_status dn_group_exchange(dn_group *group, dn_status own, const char *bytes, size_t size,
                            char **all, size_t *sizes, dn_error *error) {
    void *block = NULL;
    size_t before = 0, total = size;
    *all = NULL;
    DN_TRY(dn_group_agree(group, own, error));
    if (group)
        DN_TRY(gather_lengths(group, size, sizes, error));
    else
        sizes[0] = size;
    for (size_t i = 0; group && i < group->size; i++) {
        before += i < group->rank ? sizes[i] : 0;
        total = i == 0 ? sizes[i] : total + sizes[i];
    }
    dn_status status = dn_allocate(&block, total + 1, 1, error);
    if (status == DN_OK && size > 0)
        memcpy((char *)block + before, bytes, size);
    status = dn_group_gather(group, status, block, sizes, error);
    if (status == DN_OK)
        *all = block;
    else
        dn_release(block);
    return status;
}

dn_status dn_group_broadcast(dn_group *group, dn_status own, void *bytes, size_t size,
                             dn_error *error) {
    if (!group)
        return own;
    DN_TRY(dn_group_agree(group, own, error));
    fill_sizes(group, group->sizes, 0);
    group->sizes[0] = size;
    return gather(group, bytes, group->sizes, error);
}

dn_status dn_group_same(dn_group *group, const char *what, const char *text, dn_error *error) {
    char digest[DN_DIGEST_LENGTH + 1];
    if (!group)
        return DN_OK;
    char *all = group->messages;
    dn_digest_bytes(text, strlen(text), digest);
    DN_TRY(dn_group_agree(group, DN_OK, error));
    memcpy(all + group->rank * DN_DIGEST_LENGTH, digest, DN_DIGEST_LENGTH);
    fill_sizes(group, group->sizes, DN_DIGEST_LENGTH);
    DN_TRY(gather(group, all, group->sizes, error));
    for (size_t i = 1; i < group->size; i++)
        if (memcmp(all, all + i * DN_DIGEST_LENGTH, DN_DIGEST_LENGTH) != 0) {
            group->failed = 1; /* all processes see the same */
            return dn_fail(error, DN_ERROR_DATA,
                           "process %zu of %zu has other %s than process 0; all of them must have "
                           "the same",
                           i, group->size, what);
        }
    return DN_OK;
}

dn_status dn_group_keep_step(dn_group *group, size_t item, dn_error *error) {
    enum { ITEMS_A_PROCESS = 16 };
    if (!group || item == 0 || item % (ITEMS_A_PROCESS * group->size) != 0)
        return DN_OK;
    return dn_group_agree(group, DN_OK, error);
}

void dn_group_begin(dn_group *group) {
    if (group)
        group->failed = 0;
}

dn_status dn_group_finish(dn_group *group, dn_status own, dn_error *error) {
    return dn_group_agree(group, own, error);
}
