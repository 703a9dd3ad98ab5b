#include "cli/settings.h"
#include "cli/usage.h"

static dn_status calibrate(dn_cli *cli, const dn_model_options *options) {
    const dn_command *command = &cli->command;
    const char *images = command->operand_count > 1 ? command->operands[1] : NULL;
    dn_calibration_summary summary = DN_INIT(dn_calibration_summary);
    const dn_calibrate_options how = {
        .struct_size = sizeof how,
        .output = dn_command_value(command, DN_OPTION_OUTPUT),
        .dry_run = dn_command_has(command, DN_OPTION_DRY_RUN),
        .force = dn_command_has(command, DN_OPTION_FORCE),
        .undo = dn_command_has(command, DN_OPTION_UNDO),
        .group = cli->group,
    };
    char *text = NULL;
    if (how.undo && images)
        return dn_usage(&cli->error, "calibrate: --undo takes no folder of images");
    dn_status status = dn_calibrate_with(command->operands[0], images, options, &how,
                                         &cli->observer, &summary, &cli->error);
    if (status == DN_OK)
        status = dn_calibration_text(&summary, dn_command_has(command, DN_OPTION_JSON), &text,
                                     &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status;
}

dn_status dn_verb_calibrate(dn_cli *cli) {
    dn_config *config = NULL;
    dn_model_settings settings = {0};
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK)
        status = dn_settings_model(&cli->command, config, &settings, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = calibrate(cli, &settings.options);
    }
    dn_settings_free(&settings);
    dn_config_destroy(config);
    return status;
}
