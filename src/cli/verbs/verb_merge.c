/* merge: the parts that --shard wrote, joined to what one process would have written. */
#include "cli/cli.h"
#include "cli/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- predict: the rows in order -------------------------------------------------------------- */

static dn_status print_rows(dn_cli *cli, const dn_parts *parts) {
    dn_status status = DN_OK;
    const char *item = dn_parts_heading(parts);
    size_t size;
    if (*item)
        status = dn_cli_print(cli, item);
    for (size_t i = 0; status == DN_OK && (item = dn_parts_item(parts, i, &size)); i++)
        status = dn_cli_print(cli, item);
    return status;
}

static dn_status fail_output(dn_cli *cli, const char *path) {
    snprintf(cli->error.message, sizeof cli->error.message, "%.900s: cannot write: %s", path,
             strerror(errno));
    return cli->error.status = DN_ERROR_IO;
}

/* The file appears whole or not at all. */
static dn_status write_rows(dn_cli *cli, const dn_parts *parts, const char *path) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.tmp-%ld", path, (long)getpid()) < 0)
        return dn_out_of_memory(&cli->error);
    cli->output = fopen(temporary, "wxe");
    dn_status status = cli->output ? print_rows(cli, parts) : fail_output(cli, path);
    if (cli->output) {
        if (fclose(cli->output) != 0 && status == DN_OK)
            status = fail_output(cli, path);
        if (status == DN_OK && rename(temporary, path) != 0)
            status = fail_output(cli, path);
        if (status != DN_OK)
            unlink(temporary);
    }
    cli->output = NULL;
    free(temporary);
    return status;
}

static dn_status join_rows(dn_cli *cli, const dn_parts *parts) {
    const char *path = dn_command_value(&cli->command, DN_OPTION_OUTPUT);
    return path ? write_rows(cli, parts, path) : print_rows(cli, parts);
}

/* ---- test, check: the verb again, with the parts instead of pictures ------------------------- */

/* A verb whose parts are joined by running it again. */
typedef struct joined_verb {
    const char *name;
    unsigned bit;
    size_t least, most; /* operands */
    dn_verb_run *run;
    int has_output; /* --output is where it writes */
} joined_verb;

static const joined_verb joined[] = {
    {"test", DN_VERB_TEST, 1, 1, dn_verb_test, 1},
    {"check", DN_VERB_CHECK, 0, 1, dn_verb_check, 0},
    {"train", DN_VERB_TRAIN, 0, 0, dn_verb_train, 0},
};

static size_t add_own_options(const dn_command *command, char **words) {
    size_t count = 0;
    for (size_t i = 0; i < command->choice_count; i++) {
        const dn_choice *choice = &command->choices[i];
        if (asprintf(&words[count], "--%s%s%s", dn_options[choice->option].name,
                     choice->value ? "=" : "", choice->value ? choice->value : "") >= 0)
            count++;
    }
    return count;
}

/* Whoever wrote a part does not say where merge writes. */
static dn_status check_output(dn_cli *cli, const joined_verb *verb, const dn_command *own,
                              const dn_command *again) {
    size_t given = 0;
    if (!verb->has_output)
        return dn_command_has(own, DN_OPTION_OUTPUT)
                   ? dn_usage(&cli->error, "merge: parts of `%s` take no --output", verb->name)
                   : DN_OK;
    for (size_t i = 0; i < again->choice_count; i++)
        given += again->choices[i].option == DN_OPTION_OUTPUT;
    if (given == (size_t)dn_command_has(own, DN_OPTION_OUTPUT))
        return DN_OK;
    return dn_usage(&cli->error,
                    "merge: give --output to merge, and not to the commands that write the parts");
}

static dn_status run_words(dn_cli *cli, const joined_verb *verb, const dn_parts *parts,
                           char *const *words, size_t count) {
    dn_cli again = {.parts = parts};
    dn_status status =
        dn_command_parse(verb->name, verb->bit, (int)count, words, &again.command, &again.error);
    size_t operands = again.command.operand_count;
    if (status == DN_OK && (operands < verb->least || operands > verb->most))
        status = dn_usage(&again.error, "merge: the parts of `%s` name %zu operands", verb->name,
                          operands);
    if (status == DN_OK)
        status = check_output(&again, verb, &cli->command, &again.command);
    if (status == DN_OK)
        status = verb->run(&again);
    dn_display_clear(&again.display);
    dn_command_free(&again.command);
    cli->error = again.error;
    cli->output_closed = again.output_closed;
    return status;
}

static dn_status run_again(dn_cli *cli, const joined_verb *verb, const dn_parts *parts) {
    size_t given = 0, own;
    while (dn_parts_word(parts, given))
        given++;
    char **words = calloc(given + cli->command.choice_count + 1, sizeof *words);
    if (!words)
        return dn_out_of_memory(&cli->error);
    own = add_own_options(&cli->command, words);
    for (size_t i = 0; i < given; i++)
        words[own + i] = (char *)dn_parts_word(parts, i);
    dn_status status = run_words(cli, verb, parts, words, own + given);
    while (own > 0)
        free(words[--own]);
    free(words);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static dn_status join(dn_cli *cli, const dn_parts *parts) {
    const char *name = dn_parts_verb(parts);
    if (strcmp(name, "predict") == 0)
        return join_rows(cli, parts);
    for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
        if (strcmp(name, joined[i].name) == 0)
            return run_again(cli, &joined[i], parts);
    snprintf(cli->error.message, sizeof cli->error.message,
             "merge: the parts are of \"%.40s\"; expected parts of predict or test", name);
    return cli->error.status = DN_ERROR_FORMAT;
}

dn_status dn_verb_merge(dn_cli *cli) {
    dn_parts *parts;
    dn_status status =
        dn_parts_open(cli->command.operands, cli->command.operand_count, &parts, &cli->error);
    if (status != DN_OK)
        return status;
    status = join(cli, parts);
    dn_parts_close(parts);
    return status;
}
