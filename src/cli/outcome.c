#include "cli/outcome.h"

#include "program/clock.h"

#include <stdio.h>
#include <string.h>

static unsigned wanted_files(const dn_command *command) {
    return (dn_command_has(command, DN_OPTION_MAPS) ? DN_MAP_FILES : 0u) |
           (dn_command_has(command, DN_OPTION_OVERLAY) ? DN_OVERLAY_FILE : 0u);
}

static int wants_map(const dn_command *command) {
    return wanted_files(command) || dn_command_has(command, DN_OPTION_REGIONS);
}

void dn_outcome_score(dn_batch *batch, const dn_image_source *source, dn_outcome *outcome) {
    *outcome = (dn_outcome){.result = DN_INIT(dn_result), .files = DN_INIT(dn_map_files)};
    dn_map **map = wants_map(&batch->cli->command) ? &outcome->map : NULL;
    outcome->failed =
        dn_model_score(batch->model, source, &outcome->result, map, &outcome->failure) != DN_OK;
    if (outcome->failed)
        outcome->result =
            (dn_result){.struct_size = sizeof(dn_result), .time_ms = dn_program_utc_milliseconds()};
}

void dn_outcome_free(dn_outcome *outcome) {
    dn_map_free(outcome->map);
    outcome->map = NULL;
}

void dn_outcome_warn(dn_batch *batch, dn_outcome *outcome, const char *text) {
    enum { HEAD = 100, TAIL = DN_WARNING_SIZE - HEAD - 4 };
    size_t length = strlen(text);
    int place = 0;
    while (place < DN_WARNINGS - 1 && outcome->result.warnings[place][0])
        place++;
    char *warning = outcome->result.warnings[place];
    if (warning[0])
        dn_display_message(&batch->cli->display, DN_WARNING, warning);
    if (length < DN_WARNING_SIZE)
        memcpy(warning, text, length + 1);
    else
        snprintf(warning, DN_WARNING_SIZE, "%.*s...%s", HEAD, text, text + length - TAIL);
}

void dn_outcome_write_files(dn_batch *batch, const char *name, dn_outcome *outcome) {
    const dn_command *command = &batch->cli->command;
    const char *folder = dn_command_value(command, DN_OPTION_OUTPUT);
    unsigned which = wanted_files(command);
    dn_error failure;
    if (outcome->failed || which == 0)
        return;
    if (batch->keeps_files)
        which |= DN_KEEP_FILES;
    if (dn_map_write_files(outcome->map, folder ? folder : "maps", name, which, &outcome->files,
                           &failure) == DN_OK)
        return;
    outcome->unwritten = 1;
    dn_outcome_warn(batch, outcome, failure.message);
}

static const char *path_or_null(const char *path) {
    return path[0] ? path : NULL;
}

static dn_status row_with_places(dn_batch *batch, const char *name, const dn_outcome *outcome,
                                 char **row) {
    dn_row_places places = {
        .struct_size = sizeof places,
        .has_regions = dn_command_has(&batch->cli->command, DN_OPTION_REGIONS),
        .anomaly_map = path_or_null(outcome->files.tiff),
        .pred_mask = path_or_null(outcome->files.mask),
        .overlay = path_or_null(outcome->files.overlay),
    };
    places.regions = dn_map_regions(outcome->map, &places.region_count);
    return dn_result_json_places(name, dn_model_id(batch->model), &outcome->result, &places, row,
                                 &batch->cli->error);
}

dn_status dn_outcome_row(dn_batch *batch, const char *name, const dn_outcome *outcome, char **row) {
    if (!outcome->failed && wants_map(&batch->cli->command) && batch->format == DN_ROW_JSON)
        return row_with_places(batch, name, outcome, row);
    return dn_result_row(batch->format, name, dn_model_id(batch->model), &outcome->result,
                         outcome->failed ? &outcome->failure : NULL, row, &batch->cli->error);
}

/* JSON rows contain the warnings; for other formats they are messages too. */
static void tell_warnings(dn_batch *batch, const char *name, const dn_result *result) {
    char message[1024];
    if (batch->format == DN_ROW_JSON)
        return;
    for (int i = 0; i < DN_WARNINGS && result->warnings[i][0]; i++) {
        snprintf(message, sizeof message, "%.700s: %s", name, result->warnings[i]);
        dn_display_message(&batch->cli->display, DN_WARNING, message);
    }
}

void dn_outcome_count(dn_batch *batch, const char *name, const dn_outcome *outcome) {
    const dn_verdict verdict = outcome->result.verdict;
    batch->done++;
    batch->failed += outcome->failed != 0;
    batch->unwritten += outcome->unwritten != 0;
    batch->anomalous += !outcome->failed && verdict == DN_VERDICT_FAIL;
    batch->for_review += !outcome->failed && verdict == DN_VERDICT_REVIEW;
    tell_warnings(batch, name, &outcome->result);
}
