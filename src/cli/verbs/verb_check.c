#include "cli/part.h"
#include "cli/settings.h"
#include "cli/usage.h"

#include <stdio.h>

/* The operand names the data set, as --data would. */
static dn_status set_dataset(dn_cli *cli, dn_config *config) {
    if (cli->command.operand_count == 0)
        return DN_OK;
    if (dn_command_has(&cli->command, DN_OPTION_GOOD))
        return dn_usage(&cli->error, "check: DATASET and --good both name pictures; give one");
    return dn_config_set_text(config, "dataset_path", cli->command.operands[0], &cli->error);
}

static dn_status print_findings(dn_cli *cli, const char *text, size_t to_fix) {
    dn_status status = dn_cli_print(cli, text);
    if (status != DN_OK || to_fix == 0)
        return status;
    snprintf(cli->error.message, sizeof cli->error.message, "%zu finding%s to fix in the data set",
             to_fix, to_fix == 1 ? "" : "s");
    return cli->error.status = DN_ERROR_DATA;
}

static dn_status check_part(dn_cli *cli, const dn_config *config, const char *class_name,
                            dn_part *part) {
    dn_status status = dn_check_part(config, class_name, part, &cli->observer, &cli->error);
    if (status == DN_OK)
        status = dn_part_end(part, &cli->error);
    return status == DN_OK ? dn_cli_part_print(cli, part) : status;
}

static dn_status check_whole(dn_cli *cli, const dn_config *config, const char *class_name) {
    char *text = NULL;
    size_t to_fix = 0;
    int json = dn_command_has(&cli->command, DN_OPTION_JSON);
    dn_status status = cli->parts ? dn_check_parts(config, class_name, cli->parts, &cli->observer,
                                                   json, &text, &to_fix, &cli->error)
                                  : dn_check(config, class_name, &cli->observer, json, &text,
                                             &to_fix, &cli->error);
    if (status == DN_OK)
        status = print_findings(cli, text, to_fix);
    dn_text_free(text);
    return status;
}

static dn_status check(dn_cli *cli, const dn_config *config) {
    char *class_name = NULL;
    dn_part *part = NULL;
    dn_status status = DN_OK;
    if (dn_settings_sets(&cli->command, "class_name"))
        status = dn_config_get_text(config, "class_name", &class_name, &cli->error);
    if (status == DN_OK)
        status = dn_cli_part_begin(cli, "check", NULL, NULL, &part);
    if (status == DN_OK)
        status =
            part ? check_part(cli, config, class_name, part) : check_whole(cli, config, class_name);
    dn_part_free(part);
    dn_text_free(class_name);
    return status;
}

dn_status dn_verb_check(dn_cli *cli) {
    dn_config *config = NULL;
    if (dn_command_has(&cli->command, DN_OPTION_SHARD) && cli->group)
        return dn_usage(&cli->error, "check: --shard or mpirun, not both");
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK)
        status = set_dataset(cli, config);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        dn_config_share(config, cli->group);
        status = check(cli, config);
    }
    dn_config_destroy(config);
    return status;
}
