#include "cli/settings.h"
#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The metrics as JSON, the results' folder and the time put before the first field. */
static dn_status print_json(dn_cli *cli, const dn_train_summary *summary, const char *metrics) {
    const char *form = "{\n  \"results_directory\": %s,\n  \"seconds\": %.3f,%s";
    char *directory = dn_quote(summary->results_directory), *text = NULL;
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

static dn_status print_summary(dn_cli *cli, const dn_train_summary *summary) {
    char *metrics = NULL;
    int json = dn_command_has(&cli->command, DN_OPTION_JSON);
    dn_status status = dn_metrics_text(&summary->metrics, json, &metrics, &cli->error);
    if (status == DN_OK)
        status = json ? print_json(cli, summary, metrics) : print_text(cli, summary, metrics);
    dn_text_free(metrics);
    return status;
}

/* An installed program finds the dummy data set where it was installed, if none lies here. */
static dn_status find_dummy_dataset(const dn_command *command, dn_config *config, dn_error *error) {
    const char *const naming = "dataset_path";
    if (dn_command_has(command, DN_OPTION_CONFIG) || dn_settings_sets(command, naming) ||
        access("dummy_dataset", F_OK) == 0 || access(DN_DATA_FOLDER "/dummy_dataset", F_OK) != 0)
        return DN_OK;
    return dn_config_set(config, naming, DN_DATA_FOLDER "/dummy_dataset", error);
}

dn_status dn_verb_train(dn_cli *cli) {
    dn_config *config = NULL;
    dn_train_summary *summary = calloc(1, sizeof *summary);
    dn_status status = summary ? dn_settings_config(&cli->command, &config, &cli->error)
                               : dn_out_of_memory(&cli->error);
    if (status == DN_OK)
        status = find_dummy_dataset(&cli->command, config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = dn_train(config, &cli->observer, summary, &cli->error);
    }
    if (status == DN_OK)
        status = print_summary(cli, summary);
    dn_config_destroy(config);
    free(summary);
    return status;
}
