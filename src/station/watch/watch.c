#include "station/watch/watch.h"

#include "program/watch/watcher.h"
#include "station/base/log.h"
#include "station/base/text.h"
#include "station/watch/handover.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRY_MS = 1000, STEP_MS = 50 };

typedef struct watch {
    dn_station *station;
    const dn_serve_watch *settings;
    dn_watcher watcher;
    dn_handover handover;
    dn_error error;
    pthread_t thread;
    int runs;
    int is_troubled; /* the folder is away, and the log says so */
} watch;

struct dn_watches {
    size_t count;
    watch watches[];
};

/* ---- what the watcher asks ---- */

static dn_status judge(void *user, const dn_watch_picture *picture, int *taken) {
    watch *self = user;
    const char *folder = self->watcher.folders[picture->file->folder].real;
    *taken = dn_handover_judge(&self->handover, &self->watcher, folder, picture);
    return DN_OK;
}

static void forget(void *user, const dn_candidate *file) {
    watch *self = user;
    dn_error error;
    const char *folder = self->watcher.folders[file->folder].real;
    if (dn_archive_forget_watched(self->station->archive, folder, file->name, &error) != DN_OK)
        dn_log(DN_LOG_WARNING, "archive_failed", "%s", error.message);
}

static void note_trouble(watch *self, int is_troubled) {
    if (self->is_troubled != is_troubled)
        atomic_fetch_add(&self->station->troubled_folders, is_troubled ? 1 : -1);
    self->is_troubled = is_troubled;
}

static void looked(void *user) {
    watch *self = user;
    if (self->is_troubled)
        dn_log(DN_LOG_INFO, "watch_recovered", "%s: is watched again", self->settings->folder);
    note_trouble(self, 0);
}

static int stops(void *user) {
    const watch *self = user;
    return atomic_load(&self->station->stopping);
}

static void tell(void *user, dn_severity severity, const char *message) {
    const watch *self = user;
    dn_log(severity == DN_WARNING ? DN_LOG_WARNING : DN_LOG_INFO, "watch", "%s: %s",
           self->settings->folder, message);
}

/* ---- one folder ---- */

/* The archive's memory, as the state file of `predict --watch`. */
static int remember(void *user, const dn_watched_file *known, const char *verdict) {
    watch *self = user;
    dn_candidate *file = dn_candidate_get(&self->watcher.files, 0, known->name);
    if (!file)
        return 0;
    file->scored = known->identity;
    file->place = dn_handover_place(verdict);
    file->has_row = 1;
    file->is_unmoved = self->watcher.move_to != NULL;
    return 1;
}

static dn_status open_folder(watch *self, const dn_watch_owner *owner) {
    const dn_serve_watch *settings = self->settings;
    self->watcher = (dn_watcher){.owner = owner,
                                 .error = &self->error,
                                 .move_to = settings->move_to,
                                 .settle = settings->settle,
                                 .poll = settings->poll,
                                 .give_up = settings->give_up,
                                 .events = -1};
    dn_status status = dn_watch_add(&self->watcher, settings->folder);
    if (status != DN_OK)
        return status;
    dn_notice_begin(&self->watcher);
    return dn_archive_watched(self->station->archive, self->watcher.folders[0].real, remember, self,
                              &self->error);
}

static void pause_for(watch *self, int milliseconds) {
    for (; milliseconds > 0 && !stops(self); milliseconds -= STEP_MS) {
        const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
        nanosleep(&step, NULL);
    }
}

/* A folder that goes away is waited for: it may be a share. */
static void *run(void *user) {
    watch *self = user;
    const dn_watch_owner owner = {.user = self,
                                  .judge = judge,
                                  .forget = forget,
                                  .looked = looked,
                                  .stops = stops,
                                  .tell = tell};
    while (!stops(self)) {
        dn_status status = open_folder(self, &owner);
        if (status == DN_OK)
            status = dn_watch_run(&self->watcher);
        dn_watch_free(&self->watcher);
        if (status == DN_OK)
            continue;
        if (!self->is_troubled)
            dn_log(DN_LOG_ERROR, "watch_failed", "%s; trying again", self->error.message);
        note_trouble(self, 1);
        pause_for(self, RETRY_MS);
    }
    return NULL;
}

/* ---- all of them ---- */

/* A folder that is not there at the start is a mistake in the settings. */
static dn_status check_folder(const dn_station *station, size_t number, dn_error *error) {
    const dn_serve_settings *settings = &station->settings;
    dn_watcher watcher = {.error = error, .events = -1};
    dn_status status = DN_OK;
    for (size_t i = 0; status == DN_OK && i <= number; i++)
        status = dn_watch_add(&watcher, settings->watches[i].folder);
    dn_watch_free(&watcher);
    return status;
}

static dn_status start_one(dn_station *station, size_t number, watch *self, dn_error *error) {
    self->station = station;
    self->settings = &station->settings.watches[number];
    dn_handover_init(&self->handover, station, self->settings->model);
    dn_status status = check_folder(station, number, error);
    if (status != DN_OK)
        return status;
    self->runs = pthread_create(&self->thread, NULL, run, self) == 0;
    return self->runs ? DN_OK : dn_station_fail(error, DN_ERROR_MEMORY, "cannot start a thread");
}

dn_status dn_watches_start(dn_station *station, dn_watches **watches, dn_error *error) {
    size_t count = station->settings.watch_count;
    dn_watches *self = count > 0 ? calloc(1, sizeof *self + count * sizeof *self->watches) : NULL;
    dn_status status = DN_OK;
    *watches = self;
    if (count == 0)
        return DN_OK;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    for (; status == DN_OK && self->count < count; self->count++)
        status = start_one(station, self->count, &self->watches[self->count], error);
    return status;
}

void dn_watches_stop(dn_watches *self) {
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        if (self->watches[i].runs)
            pthread_join(self->watches[i].thread, NULL);
        dn_handover_destroy(&self->watches[i].handover);
    }
    free(self);
}
