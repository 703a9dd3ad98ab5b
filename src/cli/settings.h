/* From the options of a command line to a configuration. */
#ifndef DN_CLI_SETTINGS_H
#define DN_CLI_SETTINGS_H

#include "cli/cli.h"

/* Applies the defaults, then every --config, then --set and the other options in their order. Free
 * with dn_config_destroy. */
dn_status dn_settings_config(const dn_command *command, dn_config **config, dn_error *error);

/* Applies every --config, then --set and the other options in their order, on top of `config`. */
dn_status dn_settings_apply(const dn_command *command, dn_config *config, dn_error *error);

/* Sets dataset_path to the list of what --good and --bad name, "good=DIR|bad=DIR". A part of
 * dn_settings_apply. */
dn_status dn_settings_plain_folders(const dn_command *command, dn_config *config, dn_error *error);

/* Whether --set or another option sets this key; a --config file does not count. */
int dn_settings_sets(const dn_command *command, const char *key);

/* How a command line opens a model: backbone, device, compute, precision, threads, rotations,
 * thresholds. `options` points to the texts. */
typedef struct dn_model_settings {
    dn_model_options options;
    char *backbone, *device, *compute, *precision, *threshold_rule, *report_title, *report_note;
} dn_model_settings;

/* Free with dn_settings_free after success. */
dn_status dn_settings_model(const dn_command *command, const dn_config *config,
                            dn_model_settings *settings, dn_error *error);
void dn_settings_free(dn_model_settings *settings);

/* Opens the model that the first operand names, and warns if it computes in another precision than
 * requested. */
dn_status dn_settings_open_model(dn_cli *cli, const dn_config *config, dn_model **model);

#endif
