#include "cli/part.h"
#include "cli/settings.h"
#include "cli/usage.h"

#include <stdlib.h>

/* The model names a test set itself; a --config file or the command line may name another. NULL:
 * the model's. Otherwise free with dn_text_free. */
static dn_status named_data(const dn_command *command, const dn_config *config, const char *key,
                            char **value, dn_error *error) {
    *value = NULL;
    if (!dn_command_has(command, DN_OPTION_CONFIG) && !dn_settings_sets(command, key))
        return DN_OK;
    return dn_config_get_text(config, key, value, error);
}

static dn_status print_metrics(dn_cli *cli, const dn_metrics *metrics) {
    char *text = NULL;
    dn_status status =
        dn_metrics_text(metrics, dn_command_has(&cli->command, DN_OPTION_JSON), &text, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status;
}

static dn_status evaluate_part(dn_cli *cli, dn_model *model, const char *dataset,
                               const char *class_name, dn_part *part) {
    dn_status status =
        dn_model_evaluate_part(model, dataset, class_name, part, &cli->observer, &cli->error);
    if (status == DN_OK)
        status = dn_part_end(part, &cli->error);
    return status == DN_OK ? dn_cli_part_print(cli, part) : status;
}

static dn_status evaluate_whole(dn_cli *cli, dn_model *model, const char *dataset,
                                const char *class_name, dn_metrics *metrics) {
    const char *output = dn_command_value(&cli->command, DN_OPTION_OUTPUT);
    dn_status status = cli->parts
                           ? dn_model_evaluate_parts(model, dataset, class_name, cli->parts, output,
                                                     &cli->observer, metrics, &cli->error)
                           : dn_model_evaluate(model, dataset, class_name, output, &cli->observer,
                                               metrics, &cli->error);
    return status == DN_OK ? print_metrics(cli, metrics) : status;
}

static dn_status evaluate(dn_cli *cli, dn_model *model, const dn_config *config,
                          dn_metrics *metrics) {
    dn_part *part = NULL;
    char *dataset = NULL, *class_name = NULL;
    const dn_command *command = &cli->command;
    dn_status status = named_data(command, config, "dataset_path", &dataset, &cli->error);
    if (status == DN_OK)
        status = named_data(command, config, "class_name", &class_name, &cli->error);
    if (status == DN_OK)
        status = dn_cli_part_begin(cli, "test", dn_model_id(model), NULL, &part);
    if (status == DN_OK)
        status = part ? evaluate_part(cli, model, dataset, class_name, part)
                      : evaluate_whole(cli, model, dataset, class_name, metrics);
    dn_part_free(part);
    dn_text_free(dataset);
    dn_text_free(class_name);
    return status;
}

static dn_status open_and_evaluate(dn_cli *cli, const dn_config *config) {
    dn_model *model = NULL;
    dn_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics)
        metrics->struct_size = sizeof *metrics;
    dn_status status =
        metrics ? dn_settings_open_model(cli, config, &model) : dn_out_of_memory(&cli->error);
    if (status == DN_OK)
        dn_model_share(model, cli->group);
    if (status == DN_OK)
        status = evaluate(cli, model, config, metrics);
    dn_model_close(model);
    free(metrics);
    return status;
}

dn_status dn_verb_test(dn_cli *cli) {
    dn_config *config = NULL;
    if (dn_command_has(&cli->command, DN_OPTION_MAPS) &&
        !dn_command_has(&cli->command, DN_OPTION_SHARD) &&
        !dn_command_has(&cli->command, DN_OPTION_OUTPUT))
        return dn_usage(&cli->error, "test: --maps needs --output DIR to write them to");
    if (dn_command_has(&cli->command, DN_OPTION_SHARD) && cli->group)
        return dn_usage(&cli->error, "test: --shard or mpirun, not both");
    if (dn_command_has(&cli->command, DN_OPTION_SHARD) &&
        dn_command_has(&cli->command, DN_OPTION_OUTPUT))
        return dn_usage(&cli->error, "test: with --shard, --output belongs to differnet merge");
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = open_and_evaluate(cli, config);
    }
    dn_config_destroy(config);
    return status;
}
