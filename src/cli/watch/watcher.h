/* A run of --watch, as its parts share it. */
#ifndef DN_CLI_WATCH_WATCHER_H
#define DN_CLI_WATCH_WATCHER_H

#include "cli/batch.h"
#include "cli/watch/state.h"

enum { DN_WATCH_PATH = 4096 };

typedef struct dn_watch_folder {
    const char *path; /* as on the command line; NULL: only the state file knows it */
    char *real;       /* absolute, without links: its name in the state file */
    int events;       /* number of its inotify watch; -1: none */
    int troubled;     /* it could not be read at the last look */
} dn_watch_folder;

typedef struct dn_watcher {
    dn_batch *batch;
    dn_watch_folder *folders;
    size_t folder_count;
    dn_candidates files;
    dn_watch_state state;
    const char *move_to;          /* NULL: files stay */
    double settle, poll, give_up; /* seconds */
    int events;                   /* descriptor of inotify; -1: none */
    unsigned look;                /* number of the last look at the folders */
    double next_look;             /* seconds of dn_cli_seconds */
    size_t outputs;               /* files that this program wrote, at the first look */
    int model_changed;
    int waits_for_disk; /* and a message has said so */
    char *pending_row;  /* of the state file: perhaps printed; and its picture */
    dn_candidate *pending;
} dn_watcher;

/* A message on standard error. */
void dn_watch_tell(dn_watcher *self, dn_severity severity, const char *format, ...) DN_PRINTF(3, 4);

/* folder/name; DN_ERROR_IO if it does not fit. */
dn_status dn_watch_path(dn_watcher *self, const dn_candidate *candidate, char path[DN_WATCH_PATH]);

/* The record of a picture that has its row. */
dn_record dn_watch_record(const dn_watcher *self, dn_record_kind kind,
                          const dn_candidate *candidate);

/* Forgets a file that has gone, in the state file too. */
void dn_watch_forget(dn_watcher *self, dn_candidate *candidate);

/* Waits a moment because something cannot be written. The first time a message says what. Returns
 * 0 after an interrupt. */
int dn_watch_wait_for_disk(dn_watcher *self, const char *what, int reason);

/* ---- notice.c: which files there are ---- */

/* Begins to receive events, if the system gives any. */
void dn_notice_begin(dn_watcher *self);
void dn_notice_end(dn_watcher *self);

/* Waits for events for a moment, and takes all there are. Never forgets a candidate. */
dn_status dn_notice_events(dn_watcher *self, int milliseconds);

/* Looks at all folders, if it is time to. DN_ERROR_IO if one is gone. */
dn_status dn_notice_look(dn_watcher *self);

/* ---- judge.c: from a file to its row ---- */

/* Scores the files that are complete, until it is time for the next look. */
dn_status dn_judge_waiting(dn_watcher *self);

/* ---- rows.c: rows on standard output, each once ---- */

/* Prints a row; the state file knows that before and after. Waits if a disk is full. */
dn_status dn_rows_print(dn_watcher *self, dn_candidate *candidate, const char *row);

/* Prints, before all others, the row that the state file left open, and the heading unless
 * standard output has rows already. */
dn_status dn_rows_begin(dn_watcher *self);

/* ---- move.c: --move-to ---- */

/* Moves a file that has its row to the folder of its place, under a name that is free. It stays if
 * that fails: `is_unmoved`. Forgets the candidate if its file is gone. */
void dn_watch_move(dn_watcher *self, dn_candidate *file);

#endif
