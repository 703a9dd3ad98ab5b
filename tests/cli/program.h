/* Runs the program under test and keeps its output. */
#ifndef DN_TESTS_PROGRAM_H
#define DN_TESTS_PROGRAM_H

#include "support/support.h"

#include <sys/types.h>

typedef struct program {
    int status; /* exit status; 1000 + number when a signal ended it */
    char out[1 << 17], err[1 << 16];
} program;

/* Runs it through /bin/sh: `command` follows the program's name and may redirect. `input` (may be
 * NULL) is its standard input. The result is in a static buffer. */
const program *run(const char *command, const char *input);

/* Runs it with standard error on a terminal; err holds what the terminal received. */
const program *run_on_terminal(const char *command);

/* Runs it with a standard output whose reader has gone; `out` stays empty. */
const program *run_unread(const char *command);

/* Starts it in a process group of its own and returns the group's id without waiting; standard
 * error goes to `log`. */
pid_t start(const char *command, const char *log);

/* Exit status as in `program`. */
int wait_for(pid_t child);

void assert_says(const char *text, const char *part);
void assert_silent(const char *text, const char *part);

/* How often `part` is in the text. */
int count_of(const char *text, const char *part);

/* The text with TIME in place of each time of RFC 3339 in UTC; in a static buffer. */
const char *without_times(const char *text);

#endif
