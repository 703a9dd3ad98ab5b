#include "cli/settings.h"

dn_status dn_verb_config(dn_cli *cli) {
    dn_config *config = NULL;
    char *yaml = NULL;
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = dn_config_complete(config, &cli->observer, &cli->error);
    }
    if (status == DN_OK)
        status = dn_config_to_yaml(config, &yaml, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, yaml);
    dn_text_free(yaml);
    dn_config_destroy(config);
    return status;
}
