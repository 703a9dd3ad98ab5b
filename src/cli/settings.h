/* From the options of a command line to a configuration. */
#ifndef DN_CLI_SETTINGS_H
#define DN_CLI_SETTINGS_H

#include "cli/cli.h"

/* The defaults, then every --config, then --set and the other options in their order. Free with
 * dn_config_destroy. */
dn_status dn_settings_config(const dn_command *command, dn_config **config, dn_error *error);

/* Sets a key to any text, which YAML must not take apart. */
dn_status dn_settings_text(dn_config *config, const char *key, const char *text, dn_error *error);

/* Whether --set or an option of its own sets this key; a --config file does not count. */
int dn_settings_sets(const dn_command *command, const char *key);

/* Opens a model for `test` and `predict` with the backbone, device, compute, threads and number of
 * rotations that `config` and the command line ask for. */
dn_status dn_settings_open_model(const dn_command *command, const dn_config *config,
                                 dn_model **model, dn_error *error);

#endif
