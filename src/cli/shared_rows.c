#include "cli/shared_rows.h"

#include "cli/usage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every process says of its pictures so far; rows follow it. */
typedef struct heading {
    uint64_t pictures, names; /* of all; a digest of their names */
    uint64_t has_ended;
    dn_row_counts counts;
} heading;

struct dn_shared_rows {
    dn_cli *cli;
    heading own;
    FILE *stream; /* into `bytes`: the heading, then the rows since the last exchange, each with its
                     zero */
    char *bytes;
    size_t length;
    size_t printed; /* pictures whose rows were exchanged */
    size_t *sizes;  /* [processes] */
    const char **next;
};

/* ---- what this process collects ---- */

static dn_status begin_rows(dn_shared_rows *rows) {
    static const heading none;
    rows->stream = open_memstream(&rows->bytes, &rows->length);
    if (!rows->stream || fwrite(&none, sizeof none, 1, rows->stream) != 1)
        return dn_out_of_memory(&rows->cli->error);
    return DN_OK;
}

static dn_status end_rows(dn_shared_rows *rows) {
    int closed = rows->stream && fclose(rows->stream) == 0;
    rows->stream = NULL;
    if (!closed)
        return dn_out_of_memory(&rows->cli->error);
    memcpy(rows->bytes, &rows->own, sizeof rows->own);
    return DN_OK;
}

dn_status dn_shared_rows_create(dn_cli *cli, dn_shared_rows **rows) {
    *rows = NULL;
    if (!cli->group)
        return DN_OK;
    size_t processes = dn_group_size(cli->group);
    dn_shared_rows *created = calloc(1, sizeof *created);
    if (!created)
        return dn_out_of_memory(&cli->error);
    *rows = created;
    created->cli = cli;
    created->own.names = 14695981039346656037u; /* FNV-1a */
    created->sizes = calloc(processes, sizeof *created->sizes);
    created->next = calloc(processes, sizeof *created->next);
    return created->sizes && created->next ? begin_rows(created) : dn_out_of_memory(&cli->error);
}

void dn_shared_rows_free(dn_shared_rows *rows) {
    if (!rows)
        return;
    if (rows->stream)
        fclose(rows->stream);
    free(rows->bytes);
    free(rows->sizes);
    free((void *)rows->next);
    free(rows);
}

int dn_shared_rows_next(dn_shared_rows *rows, const char *name) {
    size_t length = strlen(name) + 1, processes = dn_group_size(rows->cli->group);
    for (size_t i = 0; i < length; i++)
        rows->own.names = (rows->own.names ^ (unsigned char)name[i]) * 1099511628211u;
    return rows->own.pictures++ % processes == dn_group_rank(rows->cli->group);
}

dn_status dn_shared_rows_add(dn_shared_rows *rows, const char *row) {
    size_t length = strlen(row) + 1;
    return fwrite(row, 1, length, rows->stream) == length ? DN_OK
                                                          : dn_out_of_memory(&rows->cli->error);
}

/* ---- what all of them have ---- */

static heading heading_of(const char *bytes) {
    heading read;
    memcpy(&read, bytes, sizeof read);
    return read;
}

/* Everybody sees the same, and fails alike. */
static dn_status compare(dn_shared_rows *rows, const char *all) {
    dn_error *error = &rows->cli->error;
    const heading first = heading_of(all);
    for (size_t i = 0; i < dn_group_size(rows->cli->group); all += rows->sizes[i++]) {
        const heading other = heading_of(all);
        rows->next[i] = all + sizeof other;
        if (other.pictures == first.pictures && other.names == first.names &&
            other.has_ended == first.has_ended)
            continue;
        snprintf(error->message, sizeof error->message,
                 "process %zu of %zu has other pictures than process 0; all of them must have the "
                 "same",
                 i, dn_group_size(rows->cli->group));
        return error->status = DN_ERROR_DATA;
    }
    return DN_OK;
}

static dn_status print_rows(dn_shared_rows *rows) {
    dn_status status = DN_OK;
    size_t processes = dn_group_size(rows->cli->group);
    for (; rows->printed < rows->own.pictures && status == DN_OK; rows->printed++) {
        const char **row = &rows->next[rows->printed % processes];
        status = dn_cli_print(rows->cli, *row);
        *row += strlen(*row) + 1;
    }
    return status;
}

static void add_counts(const dn_shared_rows *rows, const char *all, dn_row_counts *sum) {
    *sum = (dn_row_counts){0};
    for (size_t i = 0; i < dn_group_size(rows->cli->group); all += rows->sizes[i++]) {
        const dn_row_counts counts = heading_of(all).counts;
        sum->done += counts.done;
        sum->failed += counts.failed;
        sum->unwritten += counts.unwritten;
        sum->anomalous += counts.anomalous;
        sum->for_review += counts.for_review;
    }
}

static dn_status exchange(dn_shared_rows *rows, dn_row_counts *sum) {
    dn_cli *cli = rows->cli;
    char *all = NULL;
    dn_status status = end_rows(rows);
    status = dn_group_exchange(cli->group, status, rows->bytes, rows->length, &all, rows->sizes,
                               &cli->error);
    if (status == DN_OK)
        status = compare(rows, all);
    if (status == DN_OK && sum)
        add_counts(rows, all, sum);
    if (status == DN_OK)
        status = print_rows(rows);
    dn_text_free(all);
    free(rows->bytes);
    rows->bytes = NULL;
    return status;
}

dn_status dn_shared_rows_step(dn_shared_rows *rows) {
    if (rows->own.pictures - rows->printed < DN_SHARED_ROWS * dn_group_size(rows->cli->group))
        return DN_OK;
    dn_status status = exchange(rows, NULL);
    return status == DN_OK ? begin_rows(rows) : status;
}

dn_status dn_shared_rows_end(dn_shared_rows *rows, dn_row_counts *counts) {
    rows->own.has_ended = 1;
    rows->own.counts = *counts;
    return exchange(rows, counts);
}
