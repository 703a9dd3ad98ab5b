#include "cli/interrupt.h"
#include "cli/openmp_spin.h"
#include "cli/usage.h"
#include "cli/verbs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* If the caller closed descriptor 1 or 2, the next file opened would get it, and results or
 * messages would go into that file. Opened for reading, it fails writes as a closed one does. */
static void occupy_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDONLY);
}

static dn_status print_and_free(dn_cli *cli, char *text) {
    dn_status status = text ? dn_cli_print(cli, text) : dn_out_of_memory(&cli->error);
    free(text);
    return status;
}

static dn_status print_version(dn_cli *cli) {
    char version[64];
    snprintf(version, sizeof version, "differnet %s", dn_version());
    return dn_cli_print(cli, version);
}

static dn_status print_completion(dn_cli *cli, const char *shell) {
    char *text = NULL;
    dn_status status = dn_completion_text(shell, &text, &cli->error);
    return status == DN_OK ? print_and_free(cli, text) : status;
}

/* "differnet help VERB" prints what "differnet VERB --help" prints. */
static dn_status print_help_of(dn_cli *cli, const char *name) {
    const dn_verb *verb;
    dn_status status = dn_verb_find(name, &verb, &cli->error);
    return status == DN_OK ? print_and_free(cli, dn_verb_help_text(verb)) : status;
}

/* The verbs whose work several processes share; the others would all do the same. */
static dn_status check_group(dn_cli *cli, const dn_verb *verb) {
    static const unsigned shared = DN_VERB_TRAIN | DN_VERB_TEST | DN_VERB_PREDICT |
                                   DN_VERB_CALIBRATE | DN_VERB_CHECK | DN_VERB_BENCHMARK;
    if (!cli->group || (verb->bit & shared))
        return DN_OK;
    return dn_usage(&cli->error, "%s: runs in one process, not under mpirun", verb->name);
}

static dn_status run_verb(dn_cli *cli, const dn_verb *verb, int count, char **words) {
    dn_status status = check_group(cli, verb);
    if (status != DN_OK)
        return status;
    status = dn_command_parse(verb->name, verb->bit, count, words, &cli->command, &cli->error);
    if (status != DN_OK)
        return status;
    if (dn_command_has(&cli->command, DN_OPTION_HELP))
        return print_and_free(cli, dn_verb_help_text(verb));
    if (dn_command_has(&cli->command, DN_OPTION_VERSION))
        return print_version(cli);
    status = dn_verb_check_operands(verb, &cli->command, &cli->error);
    return status == DN_OK ? verb->run(cli) : status;
}

/* A process that fails where the others have not asked yet tells them now. */
static dn_status run_in_group(dn_cli *cli, const dn_verb *verb, int count, char **words) {
    dn_status status = dn_group_join(&cli->group, &cli->error);
    if (status != DN_OK)
        return status;
    status = run_verb(cli, verb, count, words);
    return dn_group_finish(cli->group, status, &cli->error);
}

static dn_status run_command(dn_cli *cli, int count, char **words) {
    const dn_verb *verb = NULL;
    const char *first = count > 1 ? words[1] : "";
    if (count < 2)
        return dn_usage(&cli->error, "a verb is missing");
    if (strcmp(first, "help") == 0 && count > 2)
        return print_help_of(cli, words[2]);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0)
        return print_and_free(cli, dn_help_text());
    if (strcmp(first, "--version") == 0)
        return print_version(cli);
    if (strcmp(first, "--man") == 0)
        return print_and_free(cli, dn_man_text());
    if (strcmp(first, "--completion") == 0)
        return print_completion(cli, count > 2 ? words[2] : "");
    dn_status status = dn_verb_find(first, &verb, &cli->error);
    return status == DN_OK ? run_in_group(cli, verb, count - 2, words + 2) : status;
}

static int exit_status(dn_status status) {
    switch (status) {
    case DN_OK:
        return 0;
    case DN_ERROR_ARGUMENT:
    case DN_ERROR_CONFIG:
        return 2;
    case DN_CANCELLED:
        return dn_interrupt_signal() ? 128 + dn_interrupt_signal() : 1;
    default:
        return 1;
    }
}

/* Of several processes the first speaks for all. If they have lost each other, the second speaks in
 * its place, after the time in which the first would have ended them all. */
static void tell_failure(const dn_cli *cli, dn_status status, const char *first) {
    if (dn_group_rank(cli->group) > (dn_group_is_lost(cli->group) ? 1 : 0))
        return;
    if (!dn_cli_speaks(cli) && sleep(5) > 0)
        return; /* a signal: the first has spoken */
    if (!cli->output_closed)
        fprintf(stderr, "differnet: %s\n", cli->error.message);
    const dn_verb *verb = NULL;
    dn_error unknown;
    if (status == DN_ERROR_ARGUMENT && dn_verb_find(first, &verb, &unknown) == DN_OK)
        fprintf(stderr, "Try \"differnet help %s\".\n", verb->name);
    else if (status == DN_ERROR_ARGUMENT)
        fprintf(stderr, "Try \"differnet --help\".\n");
}

int main(int count, char **words) {
    dn_cli cli = {0};
    dn_shorten_openmp_spin(words);
    occupy_standard_descriptors();
    dn_interrupt_install();
    dn_status status = run_command(&cli, count, words);
    dn_display_clear(&cli.display);
    if (status != DN_OK)
        tell_failure(&cli, status, count > 1 ? words[1] : "");
    dn_command_free(&cli.command);
    dn_group_leave(cli.group);
    return status == DN_OK ? cli.verdict_status : exit_status(status);
}
