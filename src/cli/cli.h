/* State of one run of the program, shared by the verbs. */
#ifndef DN_CLI_CLI_H
#define DN_CLI_CLI_H

#include "cli/display.h"
#include "cli/options.h"

#include <stdio.h>

typedef struct dn_cli {
    dn_command command;
    dn_display display;
    dn_observer observer;  /* draws on `display` */
    int verdict_status;    /* with --fail-on: the exit status of a run without a failure */
    int output_closed;     /* the reader of standard output has gone: end without a message */
    dn_group *group;       /* NULL: this process is alone */
    FILE *output;          /* where results go; NULL: standard output */
    const dn_parts *parts; /* the verb joins these instead of reading pictures; NULL: it does not */
    dn_error error;
} dn_cli;

/* Runs a verb; its message goes to cli->error. */
typedef dn_status dn_verb_run(dn_cli *cli);

dn_verb_run dn_verb_train, dn_verb_test, dn_verb_predict, dn_verb_info, dn_verb_config,
    dn_verb_benchmark, dn_verb_check, dn_verb_calibrate, dn_verb_import, dn_verb_export,
    dn_verb_serve, dn_verb_archive, dn_verb_merge;

/* Whether this process speaks: of several that do one work, one does. */
int dn_cli_speaks(const dn_cli *cli);

/* Sets up display and observer according to `config` (may be NULL) and --quiet. */
void dn_cli_watch(dn_cli *cli, const dn_config *config);

/* Writes a text to the output, ends its line and flushes. All results go through here. */
dn_status dn_cli_print(dn_cli *cli, const char *text);
dn_status dn_cli_write(dn_cli *cli, const char *text, size_t length);

#endif
