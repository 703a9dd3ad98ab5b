#include "cli/interrupt.h"
#include "cli/settings.h"
#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run over all operands of `predict`. */
typedef struct batch_run {
    dn_cli *cli;
    dn_model *model;
    size_t done, total; /* images; total grows as folders are opened */
    int total_unknown;  /* standard input says the images one by one */
    size_t failed;
} batch_run;

static dn_status print_row(batch_run *batch, const char *path, const dn_result *result,
                           const dn_error *failure) {
    char *row = NULL;
    dn_cli *cli = batch->cli;
    batch->failed += failure != NULL;
    dn_status status =
        dn_result_json(path, dn_model_id(batch->model), result, failure, &row, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, row);
    dn_text_free(row);
    return status;
}

/* Rows on a terminal show the progress themselves. */
static dn_status report_progress(batch_run *batch) {
    const dn_progress progress = {.stage = DN_STAGE_SCORE,
                                  .done = batch->done,
                                  .total = batch->total_unknown ? 0 : batch->total};
    dn_cli *cli = batch->cli;
    if (!isatty(STDOUT_FILENO))
        dn_display_progress(&cli->display, &progress);
    if (!dn_interrupt_signal())
        return DN_OK;
    snprintf(cli->error.message, sizeof cli->error.message, "interrupted after %zu images",
             batch->done);
    return cli->error.status = DN_CANCELLED;
}

static dn_status score_file(batch_run *batch, const char *path) {
    dn_result result = {0};
    dn_error failure = {0};
    dn_status status = report_progress(batch);
    if (status != DN_OK)
        return status;
    status = dn_model_score_file(batch->model, path, &result, &failure);
    batch->done++;
    return print_row(batch, path, &result, status == DN_OK ? NULL : &failure);
}

static dn_status score_list(batch_run *batch, const char *path, const dn_image_list *list) {
    dn_status status = DN_OK;
    char note[1200];
    if (list->skipped > 0) {
        snprintf(note, sizeof note, "%.1000s: %zu files are no images and were skipped", path,
                 list->skipped);
        dn_display_message(&batch->cli->display, DN_NOTE, note);
    }
    batch->total += list->count - 1; /* the path itself was counted as one */
    for (size_t i = 0; status == DN_OK && i < list->count; i++)
        status = score_file(batch, list->paths[i]);
    return status;
}

static dn_status score_path(batch_run *batch, const char *path) {
    dn_image_list list = {0};
    dn_error failure = {0};
    if (dn_image_list_create(path, &list, &failure) != DN_OK) {
        batch->done++;
        return print_row(batch, path, NULL, &failure);
    }
    dn_status status = score_list(batch, path, &list);
    dn_image_list_free(&list);
    return status;
}

static int is_standard_input(const char *operand) {
    return strcmp(operand, "-") == 0;
}

static dn_status score_standard_input(batch_run *batch) {
    char *line = NULL;
    size_t capacity = 0;
    dn_status status = DN_OK;
    while (status == DN_OK && getline(&line, &capacity, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            status = score_path(batch, line);
    }
    free(line);
    return status == DN_OK ? report_progress(batch) : status;
}

static dn_status score_operands(batch_run *batch) {
    const dn_command *command = &batch->cli->command;
    dn_status status = DN_OK;
    for (size_t i = 1; status == DN_OK && i < command->operand_count; i++)
        status = is_standard_input(command->operands[i]) ? score_standard_input(batch)
                                                         : score_path(batch, command->operands[i]);
    return status == DN_OK ? report_progress(batch) : status;
}

static void begin_batch(batch_run *batch, dn_cli *cli) {
    const dn_command *command = &cli->command;
    *batch = (batch_run){.cli = cli, .total = command->operand_count - 1};
    for (size_t i = 1; i < command->operand_count; i++)
        batch->total_unknown |= is_standard_input(command->operands[i]);
}

/* The rows have said what; this makes the exit status. */
static dn_status end_batch(const batch_run *batch) {
    dn_error *error = &batch->cli->error;
    if (batch->failed == 0)
        return DN_OK;
    snprintf(error->message, sizeof error->message, "%zu of %zu images could not be scored",
             batch->failed, batch->done);
    return error->status = DN_ERROR_DATA;
}

dn_status dn_verb_predict(dn_cli *cli) {
    dn_config *config = NULL;
    batch_run batch;
    begin_batch(&batch, cli);
    dn_status status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = dn_settings_open_model(&cli->command, config, &batch.model, &cli->error);
    }
    if (status == DN_OK)
        status = score_operands(&batch);
    if (status == DN_OK)
        status = end_batch(&batch);
    dn_model_close(batch.model);
    dn_config_destroy(config);
    return status;
}
