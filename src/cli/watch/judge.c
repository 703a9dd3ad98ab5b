/* From a picture of a watched folder to its row. */
#include "cli/outcome.h"
#include "cli/watch/run.h"
#include "program/clock.h"

#include <stdio.h>

static void add_warnings(dn_watch_lines *self, unsigned writes, dn_outcome *outcome) {
    char text[DN_WARNING_SIZE];
    if (writes > 1) {
        snprintf(text, sizeof text,
                 "the file was written %u times before it was read: if each was a picture, only "
                 "the last has a row",
                 writes);
        dn_outcome_warn(self->batch, outcome, text);
    }
    if (self->model_changed) {
        snprintf(text, sizeof text,
                 "the model file on disk was replaced; this score is from model %.32s, which was "
                 "opened before",
                 dn_model_id(self->batch->model));
        dn_outcome_warn(self->batch, outcome, text);
    }
}

static dn_watch_place place_of(const dn_outcome *outcome) {
    if (outcome->failed)
        return DN_PLACE_ERROR;
    return outcome->result.verdict == DN_VERDICT_FAIL     ? DN_PLACE_FAIL
           : outcome->result.verdict == DN_VERDICT_REVIEW ? DN_PLACE_REVIEW
                                                          : DN_PLACE_PASS;
}

static dn_status print_row(dn_watch_lines *self, const dn_watch_picture *picture,
                           dn_outcome *outcome) {
    char *row = NULL;
    add_warnings(self, picture->writes, outcome);
    dn_outcome_write_files(self->batch, picture->path, outcome);
    dn_status status = dn_outcome_row(self->batch, picture->path, outcome, &row);
    if (status != DN_OK)
        return status;
    picture->file->scored = picture->identity;
    picture->file->place = place_of(outcome);
    status = dn_rows_print(self, picture->file, row);
    dn_text_free(row);
    if (status == DN_OK)
        dn_outcome_count(self->batch, picture->path, outcome);
    return status;
}

dn_status dn_watch_judge(void *user, const dn_watch_picture *picture, int *taken) {
    dn_watch_lines *self = user;
    dn_outcome outcome = {.result = DN_INIT(dn_result), .files = DN_INIT(dn_map_files)};
    dn_status status = DN_OK;
    if (picture->bytes) {
        const dn_image_source source = {.struct_size = sizeof source,
                                        .bytes = picture->bytes,
                                        .size = picture->size,
                                        .name = picture->path};
        dn_outcome_score(self->batch, &source, &outcome);
    } else {
        outcome.failed = 1;
        outcome.failure = *picture->failure;
        outcome.result.time_ms = dn_program_utc_milliseconds();
    }
    *taken = !outcome.failed || dn_watch_gives_up(&self->watcher, picture->file);
    if (*taken)
        status = print_row(self, picture, &outcome);
    dn_outcome_free(&outcome);
    return status;
}
