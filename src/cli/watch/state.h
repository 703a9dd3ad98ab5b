/*
 * The state file of --watch: a log that is only appended to, and written anew once it has grown.
 *
 * A row is logged before it is printed (P, on disk) and after (D). If the watcher is killed in
 * between, the next one finds the row in the log, looks for it at the end of standard output, and
 * prints it or what is missing of it.
 */
#ifndef DN_CLI_WATCH_STATE_H
#define DN_CLI_WATCH_STATE_H

#include "cli/watch/record.h"
#include "differnet.h"

#include <stdio.h>
#include <sys/types.h>

typedef struct dn_watch_state {
    const char *path; /* NULL: there is no state file, and all functions do nothing */
    int descriptor;
    off_t size;   /* of complete lines */
    size_t lines; /* since it was last written anew, and ... */
    size_t kept;  /* ... lines that it had then */
    size_t damaged;
} dn_watch_state;

/* Called for each line in turn; returns 0 if memory ran out. */
typedef int dn_record_take(void *user, const dn_record *record);

/* Opens or creates the file, locks it and reads it. DN_ERROR_IO: also if another watcher uses it;
 * DN_ERROR_FORMAT: another kind of file. A damaged line is counted and left out. */
dn_status dn_state_open(dn_watch_state *self, const char *path, dn_record_take *take, void *user,
                        dn_error *error);
void dn_state_close(dn_watch_state *self);

/* Appends a line, and waits for the disk if `durable`. Returns 0 with errno after a failure, which
 * leaves the file as it was. */
int dn_state_append(dn_watch_state *self, const dn_record *record, int durable);

/* Whether most of the file is of the past. */
int dn_state_is_long(const dn_watch_state *self);

/* Replaces the file by the lines that `write` prints; returns their number there, 0 on failure. A
 * failure leaves the file as it was. */
typedef size_t dn_state_lines(void *user, FILE *stream);
void dn_state_rewrite(dn_watch_state *self, dn_state_lines *write, void *user);

#endif
