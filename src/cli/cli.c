#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int dn_cli_speaks(const dn_cli *cli) {
    return dn_group_rank(cli->group) == 0;
}

static void set_timeout(const dn_cli *cli, const dn_config *config) {
    char *text = NULL;
    if (cli->group && config && dn_config_get_text(config, "group_timeout", &text, NULL) == DN_OK)
        dn_group_set_timeout(cli->group, strtod(text, NULL));
    dn_text_free(text);
}

void dn_cli_watch(dn_cli *cli, const dn_config *config) {
    set_timeout(cli, config);
    dn_display_init(&cli->display, dn_command_has(&cli->command, DN_OPTION_QUIET), config);
    cli->display.silent = !dn_cli_speaks(cli);
    cli->observer = (dn_observer){.struct_size = sizeof cli->observer,
                                  .user = &cli->display,
                                  .on_progress = dn_display_progress,
                                  .on_message = dn_display_message};
}

dn_status dn_cli_print(dn_cli *cli, const char *text) {
    return dn_cli_write(cli, text, strlen(text));
}

dn_status dn_cli_write(dn_cli *cli, const char *text, size_t length) {
    if (!dn_cli_speaks(cli))
        return DN_OK;
    FILE *output = cli->output ? cli->output : stdout;
    if (isatty(fileno(output))) /* a bar and the text would share a line */
        dn_display_clear(&cli->display);
    errno = 0;
    if (fwrite(text, 1, length, output) == length &&
        ((length > 0 && text[length - 1] == '\n') || putc('\n', output) != EOF) &&
        fflush(output) == 0)
        return DN_OK;
    cli->output_closed = errno == EPIPE;
    snprintf(cli->error.message, sizeof cli->error.message, "cannot write to %s: %s",
             cli->output ? "the output" : "standard output", strerror(errno));
    return cli->error.status = DN_ERROR_IO;
}
