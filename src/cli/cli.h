/* What the verbs share: one run of the program. */
#ifndef DN_CLI_CLI_H
#define DN_CLI_CLI_H

#include "cli/display.h"
#include "cli/options.h"

typedef struct dn_cli {
    dn_command command;
    dn_display display;
    dn_observer observer; /* draws on `display` */
    int anomaly_found;    /* and asked for: end with status 3 */
    int output_closed;    /* nobody reads standard output any more: end without a message */
    dn_error error;
} dn_cli;

/* A verb's work; its message stands in cli->error. */
typedef dn_status dn_verb_run(dn_cli *cli);

dn_verb_run dn_verb_train, dn_verb_test, dn_verb_predict, dn_verb_info, dn_verb_config,
    dn_verb_benchmark, dn_verb_check, dn_verb_calibrate, dn_verb_import, dn_verb_export;

/* Sets up display and observer as `config` (may be NULL) and --quiet want them. */
void dn_cli_watch(dn_cli *cli, const dn_config *config);

/* Writes a text to standard output, ends its line and flushes. The only way results leave. */
dn_status dn_cli_print(dn_cli *cli, const char *text);

#endif
