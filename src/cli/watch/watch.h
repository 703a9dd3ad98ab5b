/*
 * predict --watch: scores the images of folders as they appear.
 *
 * Events of the kernel and a look at the whole folder every few seconds find the files: shares give
 * no events. A file is complete once inode, size and time of change have rested for --settle
 * seconds (at once, if it was moved into the folder whole) and it decodes. A file that changes
 * later is scored again. One that cannot be read gets its error after --give-up seconds.
 *
 * With --state each row stands in the state file before it is printed, so that a watcher that was
 * killed neither repeats nor loses one (cli/watch/state.h).
 */
#ifndef DN_CLI_WATCH_WATCH_H
#define DN_CLI_WATCH_WATCH_H

#include "cli/batch.h"

/* Scores until an interrupt (which is no error) or until a folder is gone (DN_ERROR_IO). */
dn_status dn_watch(dn_batch *batch);

#endif
