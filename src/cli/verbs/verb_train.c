#include "cli/part.h"
#include "cli/settings.h"
#include "cli/shard.h"
#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct training_results {
    dn_train_summary summary;
    dn_metrics metrics;
} training_results;

/* The text as a JSON string; NULL when out of memory; free. */
static char *quote_json(const char *text) {
    char *quoted = malloc(6 * strlen(text) + 3), *end = quoted;
    if (!quoted)
        return NULL;
    *end++ = '"';
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            end += snprintf(end, 7, "\\u%04x", byte);
        else {
            if (byte == '"' || byte == '\\')
                *end++ = '\\';
            *end++ = *text;
        }
    }
    memcpy(end, "\"", 2);
    return quoted;
}

/* The metrics as JSON, the results' folder and the time put before the first field. */
static dn_status print_json(dn_cli *cli, const dn_train_summary *summary, const char *metrics) {
    const char *form = "{\n  \"results_directory\": %s,\n  \"seconds\": %.3f,%s";
    char *directory = quote_json(summary->results_directory), *text = NULL;
    if (directory && asprintf(&text, form, directory, summary->seconds, metrics + 1) < 0)
        text = NULL;
    dn_status status = text ? dn_cli_print(cli, text) : dn_out_of_memory(&cli->error);
    free(text);
    free(directory);
    return status;
}

static dn_status print_text(dn_cli *cli, const dn_train_summary *summary, const char *metrics) {
    char line[sizeof summary->results_directory + 16];
    dn_status status = dn_cli_print(cli, metrics);
    snprintf(line, sizeof line, "results: %s", summary->results_directory);
    return status == DN_OK ? dn_cli_print(cli, line) : status;
}

static dn_status print_results(dn_cli *cli, const training_results *results) {
    char *metrics = NULL;
    int json = dn_command_has(&cli->command, DN_OPTION_JSON);
    dn_status status = dn_metrics_text(&results->metrics, json, &metrics, &cli->error);
    if (status == DN_OK)
        status = json ? print_json(cli, &results->summary, metrics)
                      : print_text(cli, &results->summary, metrics);
    dn_text_free(metrics);
    return status;
}

/* PREFIX/share/differnet beside PREFIX/bin/differnet, wherever a package or a tarball put them.
 * Returns 0 if there is none. */
static int find_beside_program(char *path, size_t size) {
    char program[1024];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    for (int steps = 0; steps < 2 && length > 0; steps++)
        while (length > 0 && program[--length] != '/')
            ;
    if (length <= 0)
        return 0;
    int written = snprintf(path, size, "%.*s/share/differnet/dummy_dataset", (int)length, program);
    return written > 0 && (size_t)written < size && access(path, F_OK) == 0;
}

/* If there is no dummy data set in the current folder, takes the installed one. */
static dn_status find_dummy_dataset(const dn_command *command, dn_config *config, dn_error *error) {
    char path[1152];
    if (dn_command_has(command, DN_OPTION_CONFIG) || dn_settings_sets(command, "dataset_path") ||
        dn_settings_sets(command, "class_name") || access("dummy_dataset", F_OK) == 0)
        return DN_OK;
    if (find_beside_program(path, sizeof path))
        return dn_config_set_text(config, "dataset_path", path, error);
    if (access(DN_DATA_FOLDER "/dummy_dataset", F_OK) != 0)
        return DN_OK;
    return dn_config_set_text(config, "dataset_path", DN_DATA_FOLDER "/dummy_dataset", error);
}

static int configures(const dn_command *command) {
    for (size_t i = 0; i < command->choice_count; i++) {
        dn_option_id option = command->choices[i].option;
        if (option == DN_OPTION_SET || dn_options[option].key)
            return 1;
    }
    return 0;
}

/* `train --resume DIR` without --config takes DIR/config.yaml, if there is one; --set and the other
 * options change single keys of it. */
static dn_status take_configuration(const dn_command *command, dn_config *config, dn_error *error) {
    char *path = NULL;
    if (command->operand_count == 0)
        return DN_OK;
    if (!dn_command_has(command, DN_OPTION_RESUME))
        return dn_usage(
            error,
            "train: \"%.80s\": name pictures with --good or --data; only --resume takes a "
            "folder",
            command->operands[0]);
    if (dn_command_has(command, DN_OPTION_CONFIG))
        return DN_OK;
    if (asprintf(&path, "%s/config.yaml", command->operands[0]) < 0)
        return dn_out_of_memory(error);
    dn_status status = DN_OK;
    if (access(path, F_OK) == 0 || !configures(command))
        status = dn_config_load(config, path, error);
    free(path);
    return status == DN_OK ? dn_settings_apply(command, config, error) : status;
}

static dn_status run_training(dn_cli *cli, const dn_config *config, training_results *results) {
    const dn_command *command = &cli->command;
    const char *directory = command->operand_count > 0 ? command->operands[0] : NULL;
    if (dn_command_has(command, DN_OPTION_RESUME))
        return dn_train_resume(config, directory, &cli->observer, &results->summary,
                               &results->metrics, &cli->error);
    return dn_train(config, &cli->observer, &results->summary, &results->metrics, &cli->error);
}

/* The folder's name as one word of a shell's command. NULL when out of memory; free. */
static char *quote_word(const char *text) {
    char *quoted = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&quoted, &size);
    if (!stream)
        return NULL;
    int plain = *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789/._-+=:,@")];
    fputs(plain ? "" : "'", stream);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stream);
    fputs(plain ? "" : "'", stream);
    if (fclose(stream) == 0)
        return quoted;
    free(quoted);
    return NULL;
}

/* Completes the message of an interrupted training; it stands in its second line. */
static dn_status tell_how_to_resume(dn_cli *cli, const dn_train_summary *summary) {
    char *folder = quote_word(summary->results_directory);
    size_t length = strlen(cli->error.message), size = sizeof cli->error.message;
    if (folder && summary->results_directory[0])
        snprintf(cli->error.message + length, size - length,
                 "\nTo continue: differnet train --resume %s", folder);
    else
        snprintf(cli->error.message + length, size - length,
                 "; there is no checkpoint to continue from yet");
    free(folder);
    return DN_CANCELLED;
}

/* ---- Several classes ------------------------------------------------------------------------- */

static dn_status print_classes(dn_cli *cli, const char *text, size_t failed) {
    dn_status status = *text ? dn_cli_print(cli, text) : DN_OK;
    if (status != DN_OK || failed == 0)
        return status;
    snprintf(cli->error.message, sizeof cli->error.message,
             "classes that failed: %zu; the summary says why", failed);
    return cli->error.status = DN_ERROR_DATA;
}

static dn_status train_classes(dn_cli *cli, const dn_config *config) {
    dn_shard shard;
    char *text = NULL;
    size_t failed = 0;
    const dn_command *command = &cli->command;
    if (cli->group && dn_command_has(command, DN_OPTION_SHARD))
        return dn_usage(&cli->error, "train: --shard or mpirun, not both");
    if (dn_command_has(command, DN_OPTION_RESUME))
        return dn_usage(
            &cli->error,
            "train: several classes need no --resume: run the same command again to continue");
    dn_status status = dn_shard_of(command, &shard, &cli->error);
    if (status != DN_OK)
        return status;
    const dn_classes_options options = {.struct_size = sizeof options,
                                        .shard = shard.index,
                                        .shards = shard.count,
                                        .again = dn_command_has(command, DN_OPTION_AGAIN) != 0};
    status = dn_train_classes(config, &options, &cli->observer,
                              dn_command_has(command, DN_OPTION_JSON), &text, &failed, &cli->error);
    if (status == DN_OK)
        status = print_classes(cli, text, failed);
    dn_text_free(text);
    return status;
}

/* ---- Features alone -------------------------------------------------------------------------- */

static dn_status print_part(void *user, dn_part *part, dn_error *error) {
    (void)error; /* dn_train hands on what cli->error says */
    return dn_cli_part_print(user, part);
}

static dn_status keep_part(dn_cli *cli, const dn_config *config, dn_part *part) {
    dn_status status = dn_cli_part_print(cli, part);
    if (status == DN_OK)
        status = dn_keep_features_part(config, part, print_part, cli, &cli->observer, &cli->error);
    if (status == DN_OK)
        status = dn_part_end(part, &cli->error);
    return status == DN_OK ? dn_cli_part_print(cli, part) : status;
}

static dn_status keep_features(dn_cli *cli, const dn_config *config) {
    dn_part *part;
    if (cli->group && dn_command_has(&cli->command, DN_OPTION_SHARD))
        return dn_usage(&cli->error, "train: --shard or mpirun, not both");
    if (dn_command_has(&cli->command, DN_OPTION_RESUME) || dn_names_classes(config))
        return dn_usage(&cli->error, "train: --features is of one class, and takes no --resume");
    if (cli->parts)
        return dn_keep_features_parts(config, cli->parts, &cli->observer, &cli->error);
    dn_status status = dn_cli_part_begin(cli, "train", NULL, NULL, &part);
    if (status == DN_OK)
        status = part ? keep_part(cli, config, part)
                      : dn_keep_features(config, &cli->observer, &cli->error);
    dn_part_free(part);
    return status;
}

/* ---- One class ------------------------------------------------------------------------------- */

static dn_status train_class(dn_cli *cli, const dn_config *config) {
    static const dn_option_id several[] = {DN_OPTION_SHARD, DN_OPTION_AGAIN};
    training_results results = {.summary = DN_INIT(dn_train_summary),
                                .metrics = DN_INIT(dn_metrics)};
    for (size_t i = 0; i < sizeof several / sizeof *several; i++)
        if (dn_command_has(&cli->command, several[i]))
            return dn_usage(&cli->error,
                            "train: --%s needs several classes, --class all, or --features",
                            dn_options[several[i]].name);
    dn_status status = run_training(cli, config, &results);
    if (status == DN_OK)
        status = print_results(cli, &results);
    else if (status == DN_CANCELLED)
        status = tell_how_to_resume(cli, &results.summary);
    return status;
}

dn_status dn_verb_train(dn_cli *cli) {
    dn_config *config = NULL;
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK)
        status = find_dummy_dataset(&cli->command, config, &cli->error);
    if (status == DN_OK)
        status = take_configuration(&cli->command, config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        dn_config_share(config, cli->group);
        status = dn_command_has(&cli->command, DN_OPTION_FEATURES) ? keep_features(cli, config)
                 : dn_names_classes(config)                        ? train_classes(cli, config)
                                                                   : train_class(cli, config);
    }
    dn_config_destroy(config);
    return status;
}
