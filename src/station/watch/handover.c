#include "station/watch/handover.h"

#include "program/clock.h"
#include "station/base/log.h"
#include "station/base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const double RETRY_SECONDS = 1;
enum { QUEUE_STEP_MS = 20 };

void dn_handover_init(dn_handover *self, dn_station *station, const char *model) {
    *self = (dn_handover){.station = station, .model = model};
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->finished, NULL);
}

void dn_handover_destroy(dn_handover *self) {
    pthread_cond_destroy(&self->finished);
    pthread_mutex_destroy(&self->lock);
}

dn_watch_place dn_handover_place(const char *verdict) {
    return strcmp(verdict, "FAIL") == 0             ? DN_PLACE_FAIL
           : strcmp(verdict, "REVIEW") == 0         ? DN_PLACE_REVIEW
           : strcmp(verdict, DN_ARCHIVE_ERROR) == 0 ? DN_PLACE_ERROR
                                                    : DN_PLACE_PASS;
}

/* ---- waiting ---- */

static void finish(dn_judgement *judgement) {
    dn_handover *self = judgement->user;
    pthread_mutex_lock(&self->lock);
    self->is_finished = 1;
    pthread_cond_signal(&self->finished);
    pthread_mutex_unlock(&self->lock);
}

static void wait_for_finish(dn_handover *self) {
    pthread_mutex_lock(&self->lock);
    while (!self->is_finished)
        pthread_cond_wait(&self->finished, &self->lock);
    self->is_finished = 0;
    pthread_mutex_unlock(&self->lock);
}

/* Waits for a place in the queue: the picture lies safe in its folder. */
static int start(dn_handover *self, dn_judgement *judgement) {
    const struct timespec step = {.tv_nsec = QUEUE_STEP_MS * 1000000L};
    while (!dn_judgement_start(judgement)) {
        if (atomic_load(&self->station->stopping))
            return 0;
        nanosleep(&step, NULL);
    }
    wait_for_finish(self);
    return 1;
}

/* ---- one picture ---- */

static void describe(dn_judgement *judgement, const dn_watch_picture *picture,
                     const dn_watched_file *watched) {
    judgement->bytes = picture->bytes;
    judgement->size = picture->bytes ? picture->size : 0;
    judgement->inspection.watched = watched;
    snprintf(judgement->source, sizeof judgement->source, "%s", picture->path);
    if (picture->writes > 1)
        snprintf(judgement->warning, sizeof judgement->warning,
                 "the file was written %u times before it was read: if each was a picture, only "
                 "the last has a row",
                 picture->writes);
}

/* 200; else the status as for an HTTP answer; 0: the station is stopping. */
static int judge(dn_handover *self, dn_judgement *judgement, const dn_watch_picture *picture) {
    if (!picture->bytes) {
        judgement->error = *picture->failure;
        return 422;
    }
    int refused = dn_judgement_check(judgement);
    if (refused)
        return refused;
    return start(self, judgement) ? judgement->status : 0;
}

static void note_trouble(dn_handover *self, const dn_watch_picture *picture, const char *reason) {
    picture->file->next_try = dn_program_seconds() + RETRY_SECONDS;
    if (reason && !self->is_troubled)
        dn_log(DN_LOG_WARNING, "watch_waits", "%.600s: cannot be judged now: %s; trying again",
               picture->path, reason);
    self->is_troubled |= reason != NULL;
}

static int judge_and_archive(dn_handover *self, const dn_watcher *watcher, dn_judgement *judgement,
                             const dn_watch_picture *picture) {
    int status = judge(self, judgement, picture);
    if (status != 200 && status != 503 && status != 0) {
        if (!dn_watch_gives_up(watcher, picture->file))
            return 0;
        dn_judgement_record_failure(judgement);
        wait_for_finish(self);
        status = judgement->status;
    }
    if (status != 200) {
        note_trouble(self, picture, status ? judgement->error.message : NULL);
        return 0;
    }
    self->is_troubled = 0;
    picture->file->scored = picture->identity;
    picture->file->place = dn_handover_place(judgement->inspection.verdict);
    return 1;
}

int dn_handover_judge(dn_handover *self, const dn_watcher *watcher, const char *folder,
                      const dn_watch_picture *picture) {
    int known;
    dn_judgement *judgement = dn_judgement_create(self->station, self->model, &known);
    if (!judgement) {
        note_trouble(self, picture, known ? "out of memory" : "no such model");
        return 0;
    }
    const dn_watched_file watched = {folder, picture->file->name, picture->identity};
    describe(judgement, picture, &watched);
    judgement->finish = finish;
    judgement->user = self;
    int taken = judge_and_archive(self, watcher, judgement, picture);
    dn_judgement_free(judgement);
    return taken;
}
