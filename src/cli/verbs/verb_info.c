#include "cli/cli.h"
#include "cli/usage.h"

#include <stdio.h>

static int wants_json(const dn_cli *cli) {
    return dn_command_has(&cli->command, DN_OPTION_JSON);
}

static dn_status describe_file(dn_cli *cli, const char *path) {
    char *text = NULL;
    dn_status status = dn_describe_file(path, wants_json(cli), &text, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status;
}

static dn_status fail_other_data(dn_cli *cli, const char *path) {
    snprintf(cli->error.message, sizeof cli->error.message, "%s: was not trained on these images",
             path);
    return cli->error.status = DN_ERROR_DATA;
}

static dn_status verify(dn_cli *cli, const char *path) {
    char *text = NULL;
    int same = 0;
    dn_status status = dn_verify_dataset(path, dn_command_value(&cli->command, DN_OPTION_DATA),
                                         dn_command_value(&cli->command, DN_OPTION_CLASS),
                                         wants_json(cli), &text, &same, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status == DN_OK && !same ? fail_other_data(cli, path) : status;
}

dn_status dn_verb_info(dn_cli *cli) {
    const dn_command *command = &cli->command;
    const char *path = command->operand_count ? command->operands[0] : NULL;
    if (!dn_command_has(command, DN_OPTION_VERIFY)) {
        if (dn_command_has(command, DN_OPTION_DATA) || dn_command_has(command, DN_OPTION_CLASS))
            return dn_usage(&cli->error, "info: --data and --class go with --verify");
        return describe_file(cli, path);
    }
    if (!path)
        return dn_usage(&cli->error, "info: --verify needs a model: differnet info --verify MODEL");
    return verify(cli, path);
}
