#include "cli/cli.h"

dn_status dn_verb_info(dn_cli *cli) {
    char *text = NULL;
    const char *path = cli->command.operand_count ? cli->command.operands[0] : NULL;
    dn_status status =
        dn_describe_file(path, dn_command_has(&cli->command, DN_OPTION_JSON), &text, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, text);
    dn_text_free(text);
    return status;
}
