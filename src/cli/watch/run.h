/* A run of predict --watch, as its parts share it. */
#ifndef DN_CLI_WATCH_RUN_H
#define DN_CLI_WATCH_RUN_H

#include "cli/batch.h"
#include "cli/watch/state.h"
#include "program/watch/watcher.h"

typedef struct dn_watch_lines {
    dn_watcher watcher;
    dn_batch *batch;
    dn_watch_state state;
    int model_changed;
    int waits_for_disk; /* and a message has said so */
    char *pending_row;  /* of the state file: perhaps printed; and its picture */
    dn_candidate *pending;
} dn_watch_lines;

/* ---- judge.c: from a picture to its row; for dn_watch_owner ---- */
dn_status dn_watch_judge(void *user, const dn_watch_picture *picture, int *taken);

/* ---- rows.c: rows on standard output, each once ---- */

/* The record of a picture that has its row. */
dn_record dn_watch_record(const dn_watch_lines *self, dn_record_kind kind,
                          const dn_candidate *candidate);

/* Prints a row; the state file knows that before and after. Waits if a disk is full. */
dn_status dn_rows_print(dn_watch_lines *self, const dn_candidate *candidate, const char *row);

/* Prints, before all others, the row that the state file left open, and the heading unless
 * standard output has rows already. */
dn_status dn_rows_begin(dn_watch_lines *self);

#endif
