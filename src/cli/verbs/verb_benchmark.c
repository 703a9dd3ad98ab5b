#include "cli/settings.h"

dn_status dn_verb_benchmark(dn_cli *cli) {
    dn_config *config = NULL;
    char *text = NULL;
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    /* All precisions, unless one is named. */
    if (status == DN_OK && !dn_settings_sets(&cli->command, "precision") &&
        !dn_command_has(&cli->command, DN_OPTION_CONFIG))
        status = dn_config_set(config, "precision", "auto", &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        dn_config_share(config, cli->group);
        status = dn_benchmark(config, &cli->observer, dn_command_has(&cli->command, DN_OPTION_JSON),
                              &text, &cli->error);
    }
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    dn_config_destroy(config);
    return status;
}
