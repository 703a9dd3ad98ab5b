#include "cli/batch.h"

#include "cli/interrupt.h"
#include "cli/settings.h"
#include "cli/usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static dn_status print_heading(dn_batch *batch) {
    char *text = NULL;
    dn_status status = dn_result_heading(batch->format, &text, &batch->cli->error);
    if (status == DN_OK && *text)
        status = dn_cli_print(batch->cli, text);
    dn_text_free(text);
    return status;
}

/* Without a threshold --fail-on-anomaly would pass everything. */
static dn_status check_verdicts(const dn_batch *batch) {
    if (!dn_command_has(&batch->cli->command, DN_OPTION_FAIL_ON_ANOMALY) ||
        dn_model_judges(batch->model))
        return DN_OK;
    return dn_usage(&batch->cli->error,
                    "predict: --fail-on-anomaly needs a model with a threshold: run `differnet "
                    "calibrate`, or pass --threshold");
}

dn_status dn_batch_begin(dn_batch *batch, dn_cli *cli) {
    dn_config *config = NULL;
    *batch = (dn_batch){.cli = cli};
    dn_status status = choose_format(&cli->command, &batch->format, &cli->error);
    if (status == DN_OK && batch->format != DN_ROW_JSON &&
        dn_command_has(&cli->command, DN_OPTION_REGIONS))
        status = dn_usage(&cli->error, "predict: --regions needs --format json");
    if (status == DN_OK)
        status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = dn_settings_open_model(cli, config, &batch->model);
    }
    dn_config_destroy(config);
    if (status == DN_OK)
        status = check_verdicts(batch);
    return status == DN_OK ? print_heading(batch) : status;
}

dn_status dn_batch_end(dn_batch *batch) {
    dn_error *error = &batch->cli->error;
    if (batch->anomalous > 0 && dn_command_has(&batch->cli->command, DN_OPTION_FAIL_ON_ANOMALY))
        batch->cli->anomaly_found = 1;
    if (batch->failed == 0)
        return DN_OK;
    snprintf(error->message, sizeof error->message, "%zu of %zu images could not be scored",
             batch->failed, batch->done);
    return error->status = DN_ERROR_DATA;
}

void dn_batch_close(dn_batch *batch) {
    dn_model_close(batch->model);
    batch->model = NULL;
}

/* JSON rows contain the warnings; for other formats they are messages. */
static void tell_warnings(dn_batch *batch, const char *name, const dn_result *result) {
    char message[1024];
    if (batch->format == DN_ROW_JSON)
        return;
    for (int i = 0; i < DN_WARNINGS && result->warnings[i][0]; i++) {
        snprintf(message, sizeof message, "%.700s: %s", name, result->warnings[i]);
        dn_display_message(&batch->cli->display, DN_WARNING, message);
    }
}

dn_status dn_batch_row(dn_batch *batch, const char *name, const dn_result *result,
                       const dn_error *failure) {
    char *row = NULL;
    dn_cli *cli = batch->cli;
    batch->failed += failure != NULL;
    batch->anomalous += !failure && result->verdict == DN_VERDICT_FAIL;
    if (!failure)
        tell_warnings(batch, name, result);
    dn_status status = dn_result_row(batch->format, name, dn_model_id(batch->model), result,
                                     failure, &row, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, row);
    dn_text_free(row);
    return status;
}

/* Rows on a terminal are progress enough. */
dn_status dn_batch_progress(dn_batch *batch) {
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

/* ---- maps ---- */

static unsigned wanted_files(const dn_command *command) {
    return (dn_command_has(command, DN_OPTION_MAPS) ? DN_MAP_FILES : 0u) |
           (dn_command_has(command, DN_OPTION_OVERLAY) ? DN_OVERLAY_FILE : 0u);
}

static int wants_map(const dn_command *command) {
    return wanted_files(command) || dn_command_has(command, DN_OPTION_REGIONS);
}

static const char *path_or_null(const char *path) {
    return path[0] ? path : NULL;
}

static dn_status print_places(dn_batch *batch, const char *name, const dn_result *result,
                              const dn_map *map, const dn_map_files *files) {
    char *row = NULL;
    dn_cli *cli = batch->cli;
    dn_row_places places = {
        .struct_size = sizeof places,
        .has_regions = dn_command_has(&cli->command, DN_OPTION_REGIONS),
        .anomaly_map = path_or_null(files->tiff),
        .pred_mask = path_or_null(files->mask),
        .overlay = path_or_null(files->overlay),
    };
    places.regions = dn_map_regions(map, &places.region_count);
    batch->anomalous += result->verdict == DN_VERDICT_FAIL;
    dn_status status =
        dn_result_json_places(name, dn_model_id(batch->model), result, &places, &row, &cli->error);
    if (status == DN_OK)
        status = dn_cli_print(cli, row);
    dn_text_free(row);
    return status;
}

/* ---- one image ---- */

/* The result of one image, or its failure: it cannot be scored, or a map cannot be written. */
typedef struct outcome {
    dn_result result;
    dn_map *map; /* NULL: none is wanted */
    dn_map_files files;
    dn_error failure;
} outcome;

static int score_source(const dn_batch *batch, const char *name, const dn_image_source *source,
                        outcome *found) {
    const dn_command *command = &batch->cli->command;
    const char *folder = dn_command_value(command, DN_OPTION_OUTPUT);
    dn_status status = dn_model_score(batch->model, source, &found->result,
                                      wants_map(command) ? &found->map : NULL, &found->failure);
    if (status == DN_OK && wanted_files(command))
        status = dn_map_write_files(found->map, folder ? folder : "maps", name,
                                    wanted_files(command), &found->files, &found->failure);
    return status == DN_OK;
}

static dn_status print_outcome(dn_batch *batch, const char *name, const outcome *found,
                               int failed) {
    batch->done++;
    if (!failed && wants_map(&batch->cli->command) && batch->format == DN_ROW_JSON)
        return print_places(batch, name, &found->result, found->map, &found->files);
    return dn_batch_row(batch, name, &found->result, failed ? &found->failure : NULL);
}

dn_status dn_batch_try(dn_batch *batch, const char *name, const dn_image_source *source, int final,
                       int *failed) {
    outcome found = {.result = DN_INIT(dn_result), .files = DN_INIT(dn_map_files)};
    *failed = !score_source(batch, name, source, &found);
    dn_status status = *failed && !final ? DN_OK : print_outcome(batch, name, &found, *failed);
    dn_map_free(found.map);
    return status;
}

dn_status dn_batch_score(dn_batch *batch, const char *name, const dn_image_source *source) {
    int failed;
    dn_status status = dn_batch_progress(batch);
    if (status != DN_OK)
        return status;
    if (batch->next)
        dn_model_expect(batch->model, batch->next);
    return dn_batch_try(batch, name, source, 1, &failed);
}
