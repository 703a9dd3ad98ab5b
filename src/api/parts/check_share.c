#include "api/parts/check_share.h"

#include "base/memory.h"

#include <string.h>

static int is_own(const dn_check_work *work, size_t number) {
    return dn_share_takes(&work->share.share, number);
}

/* ---- the processes of a group ---- */

/* The line on which all must agree, then this process's records, each with its zero. */
static dn_status print_records(const dn_check_work *work, const dn_dataset *dataset, size_t first,
                               const dn_record *records, char **bytes, size_t *size,
                               dn_error *error) {
    dn_text text = {0};
    char names[DN_DIGEST_LENGTH + 1];
    DN_TRY(dn_dataset_names(dataset, names, error));
    dn_text_append_bytes(&text, names, sizeof names);
    for (size_t i = 0; i < dataset->count; i++)
        if (is_own(work, first + i)) {
            dn_check_record_print(&records[i], &text);
            dn_text_append_bytes(&text, "", 1);
        }
    *size = text.length;
    return dn_text_take(&text, bytes, error);
}

static dn_status compare(const dn_check_work *work, const char *all, const size_t *sizes,
                         dn_error *error) {
    const char *next = all;
    for (size_t i = 0; i < work->share.share.count; next += sizes[i++])
        if (strcmp(next, all) != 0)
            return dn_fail(error, DN_ERROR_DATA,
                           "process %zu of %zu has other pictures than process 0; all of them must "
                           "have the same",
                           i, work->share.share.count);
    return DN_OK;
}

static dn_status take_records(const dn_check_work *work, const char *all, const size_t *sizes,
                              const dn_dataset *dataset, size_t first, dn_record *records,
                              dn_error *error) {
    size_t processes = work->share.share.count;
    for (size_t rank = 0; rank < processes; all += sizes[rank++]) {
        const char *next = all + strlen(all) + 1;
        for (size_t i = 0; i < dataset->count && rank != work->share.share.index; i++) {
            if ((first + i) % processes != rank)
                continue;
            DN_TRY(dn_check_record_parse(next, &records[i], error));
            next += strlen(next) + 1;
        }
    }
    return DN_OK;
}

static dn_status exchange(void *user, const dn_dataset *dataset, size_t first, dn_record *records,
                          dn_error *error) {
    const dn_check_work *work = user;
    char *own = NULL, *all;
    size_t sizes[DN_GROUP_MOST], size = 0;
    dn_status status = print_records(work, dataset, first, records, &own, &size, error);
    status = dn_group_exchange(work->group, status, own, size, &all, sizes, error);
    dn_text_free(own);
    if (status == DN_OK)
        status = compare(work, all, sizes, error);
    if (status == DN_OK)
        status = take_records(work, all, sizes, dataset, first, records, error);
    dn_text_free(all);
    return status;
}

/* A process that has seen fewer classes says so here. */
static dn_status end_group(dn_check_work *work, dn_status own, dn_error *error) {
    char *all;
    size_t sizes[DN_GROUP_MOST];
    dn_status status = dn_group_exchange(work->group, own, "end", 4, &all, sizes, error);
    if (status == DN_OK)
        status = compare(work, all, sizes, error);
    dn_text_free(all);
    return status;
}

/* ---- parts ---- */

static dn_status put(void *user, const dn_dataset *dataset, size_t first, dn_record *records,
                     dn_error *error) {
    const dn_check_work *work = user;
    (void)first;
    for (size_t i = 0; i < dataset->count; i++) {
        dn_text text = {0};
        char *item;
        if (!dn_part_next(work->part, dataset->samples[i].name))
            continue;
        dn_check_record_print(&records[i], &text);
        DN_TRY(dn_text_take(&text, &item, error));
        dn_status status = dn_part_add(work->part, item, strlen(item), error);
        dn_text_free(item);
        DN_TRY(status);
    }
    return DN_OK;
}

static dn_status fail_other(dn_error *error) {
    return dn_fail(error, DN_ERROR_DATA, "the parts are of other pictures than those here now");
}

static dn_status take(void *user, const dn_dataset *dataset, size_t first, dn_record *records,
                      dn_error *error) {
    const dn_check_work *work = user;
    size_t size;
    for (size_t i = 0; i < dataset->count; i++) {
        const char *item = dn_parts_item(work->parts, first + i, &size);
        const char *name = dataset->samples[i].name;
        dn_digest_add(work->names, name, strlen(name) + 1);
        if (!item)
            return fail_other(error);
        DN_TRY(dn_check_record_parse(item, &records[i], error));
    }
    return DN_OK;
}

static dn_status end_parts(dn_check_work *work, dn_status own, dn_error *error) {
    char names[DN_DIGEST_LENGTH + 1] = "";
    if (work->names)
        dn_digest_end(work->names, names);
    work->names = NULL;
    if (own != DN_OK)
        return own;
    return strcmp(names, dn_parts_names(work->parts)) == 0 ? DN_OK : fail_other(error);
}

/* ---- whichever it is ---- */

dn_status dn_check_work_begin(dn_check_work *work, dn_error *error) {
    work->share.user = work;
    if (work->group) {
        work->share.share = dn_group_share(work->group);
        work->share.exchange = exchange;
    } else if (work->part) {
        work->share.share = dn_part_share(work->part);
        work->share.ends_early = 1;
        work->share.exchange = put;
    } else if (work->parts) {
        work->share.reads_nothing = 1;
        work->share.exchange = take;
        return dn_digest_begin(&work->names, error);
    }
    return DN_OK;
}

dn_status dn_check_work_end(dn_check_work *work, dn_status own, dn_error *error) {
    if (work->group)
        return end_group(work, own, error);
    return work->parts ? end_parts(work, own, error) : own;
}
