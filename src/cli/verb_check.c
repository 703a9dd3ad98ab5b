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

static dn_status check(dn_cli *cli, const dn_config *config) {
    char *class_name = NULL, *text = NULL;
    size_t to_fix = 0;
    dn_status status = DN_OK;
    if (dn_settings_sets(&cli->command, "class_name"))
        status = dn_config_get_text(config, "class_name", &class_name, &cli->error);
    if (status == DN_OK)
        status =
            dn_check(config, class_name, &cli->observer,
                     dn_command_has(&cli->command, DN_OPTION_JSON), &text, &to_fix, &cli->error);
    if (status == DN_OK)
        status = print_findings(cli, text, to_fix);
    dn_text_free(class_name);
    dn_text_free(text);
    return status;
}

dn_status dn_verb_check(dn_cli *cli) {
    dn_config *config = NULL;
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK)
        status = set_dataset(cli, config);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = check(cli, config);
    }
    dn_config_destroy(config);
    return status;
}
