#include "cli/batch.h"

#include "cli/interrupt.h"
#include "cli/outcome.h"
#include "cli/part.h"
#include "cli/settings.h"
#include "cli/usage.h"
#include "program/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FAIL_STATUS = 3, REVIEW_STATUS = 4 };

static dn_status choose_format(const dn_command *command, dn_row_format *format, dn_error *error) {
    static const char *const names[] = {"json", "csv", "table"};
    const char *wanted = dn_command_value(command, DN_OPTION_FORMAT);
    *format = DN_ROW_JSON;
    for (int i = 0; wanted && i < 3; i++)
        if (strcmp(wanted, names[i]) == 0) {
            *format = (dn_row_format)i;
            return DN_OK;
        }
    return wanted ? dn_usage(error, "--format \"%.40s\": expected json, csv or table", wanted)
                  : DN_OK;
}

/* A part keeps the heading for whoever joins it. */
static dn_status begin_part(dn_batch *batch, const char *heading) {
    dn_shard shard;
    dn_cli *cli = batch->cli;
    dn_status status = dn_shard_of(&cli->command, &shard, &cli->error);
    if (status == DN_OK)
        status =
            dn_cli_part_begin(cli, "predict", dn_model_id(batch->model), heading, &batch->part);
    batch->stride = shard.count > 0 ? shard.count : dn_group_size(cli->group);
    if (status == DN_OK)
        status = dn_shared_rows_create(cli, &batch->shared);
    if (status == DN_OK && batch->part)
        return dn_cli_part_print(cli, batch->part);
    return status == DN_OK && *heading ? dn_cli_print(cli, heading) : status;
}

dn_status dn_batch_heading(dn_batch *batch) {
    char *text = NULL;
    dn_status status = dn_result_heading(batch->format, &text, &batch->cli->error);
    if (status == DN_OK)
        status = begin_part(batch, text);
    dn_text_free(text);
    return status;
}

/* The worst verdict that ends the program with a status of its own; NONE: no verdict does. */
static dn_status read_fail_on(const dn_command *command, dn_verdict *least, dn_error *error) {
    const char *word = dn_command_value(command, DN_OPTION_FAIL_ON);
    *least = dn_command_has(command, DN_OPTION_FAIL_ON_ANOMALY) ? DN_VERDICT_FAIL : DN_VERDICT_NONE;
    if (!word)
        return DN_OK;
    if (strcmp(word, "anomaly") != 0 && strcmp(word, "review") != 0)
        return dn_usage(error, "--fail-on \"%.40s\": expected anomaly or review", word);
    *least = word[0] == 'a' ? DN_VERDICT_FAIL : DN_VERDICT_REVIEW;
    return DN_OK;
}

/* Without a threshold --fail-on would pass everything. */
static dn_status check_verdicts(const dn_batch *batch) {
    static const dn_option_id judging[] = {DN_OPTION_FAIL_ON_ANOMALY, DN_OPTION_FAIL_ON,
                                           DN_OPTION_MOVE_TO};
    for (size_t i = 0; i < sizeof judging / sizeof *judging; i++)
        if (dn_command_has(&batch->cli->command, judging[i]) && !dn_model_judges(batch->model))
            return dn_usage(&batch->cli->error,
                            "predict: --%s needs a model with a threshold: run `differnet "
                            "calibrate`, or pass --threshold",
                            dn_options[judging[i]].name);
    return DN_OK;
}

dn_status dn_batch_begin(dn_batch *batch, dn_cli *cli) {
    dn_config *config = NULL;
    *batch = (dn_batch){.cli = cli};
    dn_status status = choose_format(&cli->command, &batch->format, &cli->error);
    if (status == DN_OK)
        status = read_fail_on(&cli->command, &batch->fail_on, &cli->error);
    if (status == DN_OK && batch->format != DN_ROW_JSON &&
        dn_command_has(&cli->command, DN_OPTION_REGIONS))
        status = dn_usage(&cli->error, "predict: --regions needs --format json");
    if (status == DN_OK)
        status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        dn_model_file_note(&batch->model_file, cli->command.operands[0]);
        status = dn_settings_open_model(cli, config, &batch->model);
    }
    dn_config_destroy(config);
    return status == DN_OK ? check_verdicts(batch) : status;
}

static int status_of_verdicts(const dn_batch *batch) {
    if (batch->fail_on != DN_VERDICT_NONE && batch->anomalous > 0)
        return FAIL_STATUS;
    return batch->fail_on == DN_VERDICT_REVIEW && batch->for_review > 0 ? REVIEW_STATUS : 0;
}

/* Of several processes, every one learns what all of them have counted. */
static dn_status end_shared(dn_batch *batch) {
    dn_row_counts counts = {batch->done, batch->failed, batch->unwritten, batch->anomalous,
                            batch->for_review};
    dn_status status = dn_shared_rows_end(batch->shared, &counts);
    batch->done = counts.done;
    batch->failed = counts.failed;
    batch->unwritten = counts.unwritten;
    batch->anomalous = counts.anomalous;
    batch->for_review = counts.for_review;
    return status;
}

static dn_status end_part(dn_batch *batch) {
    dn_status status = dn_part_end(batch->part, &batch->cli->error);
    return status == DN_OK ? dn_cli_part_print(batch->cli, batch->part) : status;
}

dn_status dn_batch_end(dn_batch *batch) {
    dn_error *error = &batch->cli->error;
    dn_status status = batch->part ? end_part(batch) : batch->shared ? end_shared(batch) : DN_OK;
    if (status != DN_OK)
        return status;
    batch->cli->verdict_status = status_of_verdicts(batch);
    if (batch->failed > 0) {
        snprintf(error->message, sizeof error->message, "%zu of %zu images could not be scored",
                 batch->failed, batch->done);
        return error->status = DN_ERROR_DATA;
    }
    if (batch->unwritten > 0) {
        snprintf(error->message, sizeof error->message,
                 "maps of %zu of %zu images could not be written; their rows say why",
                 batch->unwritten, batch->done);
        return error->status = DN_ERROR_IO;
    }
    return DN_OK;
}

void dn_batch_close(dn_batch *batch) {
    dn_part_free(batch->part);
    batch->part = NULL;
    dn_shared_rows_free(batch->shared);
    batch->shared = NULL;
    dn_model_close(batch->model);
    batch->model = NULL;
}

static size_t stride_of(const dn_batch *batch) {
    return batch->stride > 0 ? batch->stride : 1;
}

/* Rows on a terminal are progress enough. */
dn_status dn_batch_progress(dn_batch *batch) {
    const dn_progress progress = {.stage = DN_STAGE_SCORE,
                                  .done = batch->done,
                                  .total =
                                      batch->total_unknown ? 0 : batch->total / stride_of(batch)};
    dn_cli *cli = batch->cli;
    if (!isatty(STDOUT_FILENO))
        dn_display_progress(&cli->display, &progress);
    if (!dn_interrupt_signal())
        return DN_OK;
    snprintf(cli->error.message, sizeof cli->error.message, "interrupted after %zu image%s",
             batch->done, batch->done == 1 ? "" : "s");
    return cli->error.status = DN_CANCELLED;
}

/* ---- one image ---- */

static dn_status print_row(dn_batch *batch, const char *row) {
    if (batch->shared)
        return dn_shared_rows_add(batch->shared, row);
    if (!batch->part)
        return dn_cli_print(batch->cli, row);
    dn_status status = dn_part_add(batch->part, row, strlen(row), &batch->cli->error);
    return status == DN_OK ? dn_cli_part_print(batch->cli, batch->part) : status;
}

/* Whether the picture belongs to another process. */
static int passes_over(dn_batch *batch, const char *name) {
    if (batch->shared)
        return !dn_shared_rows_next(batch->shared, name);
    return batch->part && !dn_part_next(batch->part, name);
}

/* After every picture, also one that was passed over. */
static dn_status end_picture(dn_batch *batch, dn_status status) {
    return status == DN_OK && batch->shared ? dn_shared_rows_step(batch->shared) : status;
}

static dn_status print_outcome(dn_batch *batch, const char *name, const dn_outcome *outcome) {
    char *row = NULL;
    dn_outcome_count(batch, name, outcome);
    dn_status status = dn_outcome_row(batch, name, outcome, &row);
    if (status == DN_OK)
        status = print_row(batch, row);
    dn_text_free(row);
    return status;
}

dn_status dn_batch_score(dn_batch *batch, const char *name, const dn_image_source *source) {
    dn_outcome outcome;
    if (passes_over(batch, name))
        return end_picture(batch, DN_OK);
    dn_status status = dn_batch_progress(batch);
    if (status != DN_OK)
        return status;
    if (batch->next)
        dn_model_expect(batch->model, batch->next);
    dn_outcome_score(batch, source, &outcome);
    dn_outcome_write_files(batch, name, &outcome);
    status = print_outcome(batch, name, &outcome);
    dn_outcome_free(&outcome);
    return end_picture(batch, status);
}

dn_status dn_batch_fail(dn_batch *batch, const char *name, const dn_error *failure) {
    dn_outcome outcome = {.result = DN_INIT(dn_result), .failed = 1, .failure = *failure};
    if (passes_over(batch, name))
        return end_picture(batch, DN_OK);
    outcome.result.time_ms = dn_program_utc_milliseconds();
    return end_picture(batch, print_outcome(batch, name, &outcome));
}
