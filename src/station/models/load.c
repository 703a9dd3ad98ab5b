/* From a model file to a version that may judge. */
#include "station/base/text.h"
#include "station/models/slot.h"

#include <math.h>
#include <stdlib.h>

/* ---- in a thread of its own ---- */

/* libgomp keeps the team of a thread as long as the thread lives, and lets none spin where teams
 * have more threads than there are processors: then every score would take up to twice as long. So
 * the threads that open and try models end, and the team of the thread that scores is the only one.
 */
typedef struct opening {
    dn_models *models;
    const dn_served_model *settings;
    dn_model_use **use;
    dn_model *next, *running;
    const dn_trial *trials;
    size_t count;
    dn_status status;
    dn_error *error;
} opening;

static dn_status run_aside(void *(*body)(void *user), opening *self) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, self) != 0)
        return dn_station_fail(self->error, DN_ERROR_MEMORY, "cannot start a thread");
    pthread_join(thread, NULL);
    return self->status;
}

/* ---- opening ---- */

static dn_status open_version(dn_models *self, const dn_served_model *settings, dn_model_use **use,
                              dn_error *error) {
    const dn_model_options options = {.struct_size = sizeof options,
                                      .precision = settings->precision,
                                      .threads = self->threads,
                                      .rotations = settings->rotations,
                                      .false_reject_rate = settings->false_reject_rate,
                                      .review_rate = settings->review_rate,
                                      .threshold = settings->threshold,
                                      .early_exit = settings->early_exit};
    *use = calloc(1, sizeof **use);
    if (!*use)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    dn_status status = dn_model_open(settings->path, &options, &(*use)->model, error);
    if (status != DN_OK) {
        free(*use);
        *use = NULL;
        return status;
    }
    (*use)->models = self;
    (*use)->users = 1;
    return DN_OK;
}

static void *open_aside(void *user) {
    opening *self = user;
    self->status = open_version(self->models, self->settings, self->use, self->error);
    return NULL;
}

dn_status dn_slot_open(dn_models *self, const dn_served_model *settings, dn_model_use **use,
                       dn_error *error) {
    opening all = {.models = self, .settings = settings, .use = use, .error = error};
    *use = NULL;
    return run_aside(open_aside, &all);
}

/* ---- trying ---- */

static dn_status try_picture(dn_model *model, const dn_image_source *source, dn_error *error) {
    dn_result result = DN_INIT(dn_result);
    dn_status status = dn_model_score(model, source, &result, NULL, error);
    if (status == DN_OK && !isfinite(result.raw_score))
        status = dn_station_fail(error, DN_ERROR_NUMERIC, "a trial picture's score is not finite");
    return status;
}

static dn_status try_version(dn_model *next, dn_model *running, const dn_trial *trials,
                             size_t count, dn_error *error) {
    enum { SIDE = 64 };
    static const uint8_t grey[SIDE * SIDE] = {0};
    const dn_image_source black = {.struct_size = sizeof black,
                                   .pixels = grey,
                                   .format = DN_PIXELS_GREY,
                                   .width = SIDE,
                                   .height = SIDE,
                                   .stride = SIDE};
    if (running && dn_model_judges(running) && !dn_model_judges(next))
        return dn_station_fail(error, DN_ERROR_DATA,
                               "it has no calibration, and the running one has");
    /* Before there was a picture, any will do: a weight that is not finite shows in all. */
    dn_status status = count == 0 ? try_picture(next, &black, error) : DN_OK;
    for (size_t i = 0; status == DN_OK && i < count; i++) {
        const dn_image_source source = {
            .struct_size = sizeof source, .bytes = trials[i].bytes, .size = trials[i].size};
        status = try_picture(next, &source, error);
    }
    return status;
}

static void *try_aside(void *user) {
    opening *self = user;
    self->status = try_version(self->next, self->running, self->trials, self->count, self->error);
    return NULL;
}

dn_status dn_slot_try(dn_model *next, dn_model *running, const dn_trial *trials, size_t count,
                      dn_error *error) {
    opening all = {
        .next = next, .running = running, .trials = trials, .count = count, .error = error};
    return run_aside(try_aside, &all);
}
