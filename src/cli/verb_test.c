#include "cli/settings.h"
#include "cli/words.h"

#include <stdlib.h>

/* The model names a test set itself; the command line may name another. */
static int names_data(const dn_command *command) {
    return dn_command_has(command, DN_OPTION_CONFIG) || dn_settings_sets(command, "dataset_path") ||
           dn_settings_sets(command, "class_name");
}

static dn_status evaluate(dn_cli *cli, dn_model *model, const dn_config *config,
                          dn_metrics *metrics) {
    char *text = NULL;
    const dn_command *command = &cli->command;
    dn_status status = dn_model_evaluate(model, names_data(command) ? config : NULL,
                                         dn_command_value(command, DN_OPTION_OUTPUT),
                                         &cli->observer, metrics, &cli->error);
    if (status == DN_OK)
        status =
            dn_metrics_text(metrics, dn_command_has(command, DN_OPTION_JSON), &text, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status;
}

static dn_status open_and_evaluate(dn_cli *cli, const dn_config *config) {
    dn_model *model = NULL;
    dn_metrics *metrics = calloc(1, sizeof *metrics);
    dn_status status = metrics ? dn_settings_open_model(&cli->command, config, &model, &cli->error)
                               : dn_out_of_memory(&cli->error);
    if (status == DN_OK)
        status = evaluate(cli, model, config, metrics);
    dn_model_close(model);
    free(metrics);
    return status;
}

dn_status dn_verb_test(dn_cli *cli) {
    dn_config *config = NULL;
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = open_and_evaluate(cli, config);
    }
    dn_config_destroy(config);
    return status;
}
