#include "cli/cli.h"
#include "cli/usage.h"
#include "station/archive/archive.h"

#include <stdio.h>
#include <string.h>

/* ---- export ---- */

static int print_row(void *user, int64_t sequence, const char *text) {
    dn_cli *cli = user;
    (void)sequence;
    return dn_cli_print(cli, text) == DN_OK;
}

static dn_status export_all(dn_cli *cli, dn_archive *archive) {
    const char *format = dn_command_value(&cli->command, DN_OPTION_FORMAT);
    int csv = format && strcmp(format, "csv") == 0;
    const dn_archive_query everything = {0};
    dn_error error;
    if (format && !csv && strcmp(format, "json") != 0)
        return dn_usage(&cli->error, "archive: --format \"%.40s\": expected json or csv", format);
    dn_status status = csv ? dn_cli_print(cli, dn_archive_csv_heading) : DN_OK;
    if (status == DN_OK)
        status = dn_archive_read(archive, &everything, csv, print_row, cli, &error);
    if (status != DN_OK && cli->error.status == DN_OK)
        cli->error = error;
    return cli->error.status; /* of printing, or of reading */
}

/* ---- verify ---- */

static void print_finding(void *user, const char *line) {
    (void)dn_cli_print(user, line);
}

static dn_status verify(dn_cli *cli, dn_archive *archive) {
    dn_archive_count count = {0};
    char text[256];
    dn_status status = dn_archive_verify(archive, print_finding, cli, &count, &cli->error);
    if (status != DN_OK)
        return status;
    snprintf(text, sizeof text,
             "%llu inspections, %llu decisions, %llu files of %llu bytes: %llu missing, %llu "
             "changed, %llu without an inspection",
             count.inspections, count.decisions, count.files, count.bytes, count.missing,
             count.changed, count.stray);
    status = dn_cli_print(cli, text);
    if (status != DN_OK || count.missing + count.changed == 0)
        return status;
    dn_usage(&cli->error, "archive: %llu files are missing or changed",
             count.missing + count.changed);
    return cli->error.status = DN_ERROR_DATA;
}

/* ---- prune ---- */

static dn_status prune(dn_cli *cli, const char *folder) {
    double days = 0;
    dn_archive_limits limits = {0};
    dn_archive_count count = {0};
    char text[128];
    dn_status status =
        dn_command_number(&cli->command, DN_OPTION_KEEP_DAYS, 1e5, 0, &days, &cli->error);
    if (status == DN_OK)
        status = dn_command_number(&cli->command, DN_OPTION_KEEP_GIGABYTES, 1e9, 0,
                                   &limits.gigabytes, &cli->error);
    if (status != DN_OK)
        return status;
    limits.days = (int)days;
    if (days != (double)limits.days)
        return dn_usage(&cli->error, "--keep-days: expected a whole number");
    status = dn_archive_prune(folder, &limits, &count, &cli->error);
    if (status != DN_OK)
        return status;
    snprintf(text, sizeof text, "removed the files of %llu inspections, %llu bytes", count.removed,
             count.removed_bytes);
    return dn_cli_print(cli, text);
}

dn_status dn_verb_archive(dn_cli *cli) {
    const char *what = cli->command.operands[0], *folder = cli->command.operands[1];
    int is_export = strcmp(what, "export") == 0, is_verify = strcmp(what, "verify") == 0;
    dn_archive *archive;
    if (strcmp(what, "prune") == 0)
        return prune(cli, folder);
    if (!is_export && !is_verify)
        return dn_usage(&cli->error, "archive: \"%.40s\": expected export, verify or prune", what);
    dn_status status = dn_archive_open_read_only(folder, &archive, &cli->error);
    if (status != DN_OK)
        return status;
    status = is_export ? export_all(cli, archive) : verify(cli, archive);
    dn_archive_close(archive);
    return status;
}
