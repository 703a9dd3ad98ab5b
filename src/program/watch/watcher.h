/*
 * Watches folders for pictures and hands each to its owner once it is complete (docs/watch.md).
 *
 * Events of the kernel and a look at the whole folder every few seconds find the files: shares give
 * no events. A file is complete once inode, size and time of change have rested for `settle`
 * seconds (at once, if it was moved into the folder whole). A file that changes later is a new
 * picture. What has become of a picture is remembered by the owner: the command line in a file,
 * the station in its archive.
 */
#ifndef DN_PROGRAM_WATCH_WATCHER_H
#define DN_PROGRAM_WATCH_WATCHER_H

#include "differnet_tools.h"
#include "program/watch/candidates.h"

enum { DN_WATCH_PATH = 4096 };

typedef struct dn_watch_folder {
    const char *path; /* as the user names it; NULL: only the owner's memory knows it */
    char *real;       /* absolute, without links: its name in the owner's memory */
    int events;       /* number of its inotify watch; -1: none */
    int troubled;     /* it could not be read at the last look */
} dn_watch_folder;

/* A file that is complete, or one that cannot be read. */
typedef struct dn_watch_picture {
    dn_candidate *file;
    const char *path;
    dn_file_identity identity;
    const void *bytes; /* all of this identity; NULL: they cannot be read, `failure` says why */
    size_t size;
    const dn_error *failure;
    unsigned writes; /* since the file was last read */
} dn_watch_picture;

/* Who wants pictures. Statuses other than DN_OK end the watch. */
typedef struct dn_watch_owner {
    void *user;
    /* Judges a picture. If that succeeds, or dn_watch_gives_up says so, it remembers the row and
     * sets `scored` and `place` of the file, and *taken; if not, the file is tried again later. */
    dn_status (*judge)(void *user, const dn_watch_picture *picture, int *taken);
    /* A file that has its row has gone. May be NULL. */
    void (*forget)(void *user, const dn_candidate *file);
    /* After each look at the folders. May be NULL. */
    void (*looked)(void *user);
    int (*stops)(void *user); /* whether to end now */
    void (*tell)(void *user, dn_severity severity, const char *message);
} dn_watch_owner;

typedef struct dn_watcher {
    const dn_watch_owner *owner;
    dn_error *error; /* receives the message of a failure */
    dn_watch_folder *folders;
    size_t folder_count;
    dn_candidates files;
    const char *move_to;          /* NULL: files stay */
    double settle, poll, give_up; /* seconds */
    int events;                   /* descriptor of inotify; -1: none */
    unsigned look;                /* number of the last look at the folders */
    double next_look;             /* seconds of dn_program_seconds */
    size_t outputs;               /* files that this program wrote, at the first look */
} dn_watcher;

/* ---- for the owner ---- */

/* Adds a folder; `path` stays with the caller. DN_ERROR_IO: it is not there, is watched already, or
 * holds results of this program. */
dn_status dn_watch_add(dn_watcher *self, const char *path);

/* The number of the folder with that absolute path, added if only the owner's memory knows it; the
 * count of folders if memory ran out. */
size_t dn_watch_folder_of(dn_watcher *self, const char *real);

/* Watches until the owner stops it (which is no error) or a folder is gone (DN_ERROR_IO). */
dn_status dn_watch_run(dn_watcher *self);

/* Frees what it holds, not itself. */
void dn_watch_free(dn_watcher *self);

/* Whether a file that cannot be judged has been tried for `give_up` seconds; if not, when it is
 * tried again. */
int dn_watch_gives_up(const dn_watcher *self, dn_candidate *file);

/* A message to the owner. */
void dn_watch_tell(dn_watcher *self, dn_severity severity, const char *format, ...) DN_PRINTF(3, 4);

/* ---- what its files share ---- */

/* Writes the message; returns DN_ERROR_IO. */
dn_status dn_watch_fail(dn_watcher *self, const char *format, ...) DN_PRINTF(2, 3);
dn_status dn_watch_out_of_memory(dn_watcher *self);

/* folder/name; DN_ERROR_IO if it does not fit. */
dn_status dn_watch_path(dn_watcher *self, const dn_candidate *candidate, char path[DN_WATCH_PATH]);

/* Forgets a file that has gone, in the owner's memory too. */
void dn_watch_forget(dn_watcher *self, dn_candidate *candidate);

/* notice.c: begins to receive events, if the system gives any. */
void dn_notice_begin(dn_watcher *self);
void dn_notice_end(dn_watcher *self);

/* Waits for events for a moment, and takes all there are. Never forgets a candidate. */
dn_status dn_notice_events(dn_watcher *self, int milliseconds);

/* Looks at all folders, if it is time to. DN_ERROR_IO if one is gone. */
dn_status dn_notice_look(dn_watcher *self);

/* judge.c: judges the files that are complete, until it is time for the next look. */
dn_status dn_judge_waiting(dn_watcher *self);

/* move.c: moves a file that has its row to the folder of its place, under a name that is free. It
 * stays if that fails: `is_unmoved`. Forgets the candidate if its file is gone. */
void dn_watch_move(dn_watcher *self, dn_candidate *file);

#endif
