/* Notices replaced files and swaps versions. */
#include "station/base/log.h"
#include "station/base/text.h"
#include "station/models/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trial pictures of a slot, copied, so that nobody waits while they are scored. */
static size_t copy_trials(const dn_slot *slot, dn_trial copies[DN_TRIAL_PICTURES]) {
    size_t count = 0;
    for (size_t i = 0; i < DN_TRIAL_PICTURES; i++) {
        const dn_trial *trial = &slot->trials[i];
        void *bytes = trial->bytes ? malloc(trial->size ? trial->size : 1) : NULL;
        if (!bytes)
            continue;
        memcpy(bytes, trial->bytes, trial->size);
        copies[count++] = (dn_trial){bytes, trial->size};
    }
    return count;
}

static int is_same_file(const dn_model_file *a, const dn_model_file *b) {
    for (int i = 0; i < DN_MODEL_FILES; i++)
        if (!dn_identity_equals(&a->files[i], &b->files[i]))
            return 0;
    return 1;
}

/* Whether the file is another one than the running and the refused version, and has rested for a
 * look: a copy that is still being written is not loaded. The caller holds `lock`. */
static int is_due(dn_slot *slot, int now, dn_model_file *present) {
    dn_model_file_note(present, slot->settings.path);
    int rested = is_same_file(present, &slot->seen);
    slot->seen = *present;
    if (present->files[0].inode == 0 && present->files[1].inode == 0 &&
        present->files[2].inode == 0)
        return 0; /* it has gone; the running version goes on */
    return (rested || now) && !is_same_file(present, &slot->file) &&
           (now || !is_same_file(present, &slot->failed));
}

static dn_status load(dn_models *self, const dn_slot *slot, dn_model_use *running,
                      dn_model_use **next, dn_error *error) {
    dn_trial trials[DN_TRIAL_PICTURES];
    pthread_mutex_lock(&self->lock);
    size_t count = copy_trials(slot, trials);
    pthread_mutex_unlock(&self->lock);
    dn_status status = dn_slot_open(self, &slot->settings, next, error);
    if (status == DN_OK)
        status = dn_slot_try((*next)->model, running->model, trials, count, error);
    if (status != DN_OK && *next) {
        dn_models_give(*next);
        *next = NULL;
    }
    for (size_t i = 0; i < count; i++)
        free(trials[i].bytes);
    return status;
}

static void swap(dn_models *self, dn_slot *slot, const dn_model_file *present) {
    dn_error error = {DN_OK, ""};
    dn_model_use *running = dn_models_take(self, slot->settings.name), *next = NULL, *old = NULL;
    dn_status status = load(self, slot, running, &next, &error);
    pthread_mutex_lock(&self->lock);
    if (status == DN_OK) {
        old = slot->use;
        slot->use = next;
        slot->file = *present;
        slot->failure[0] = '\0';
        slot->loaded_at = dn_utc_now();
        slot->swaps++;
    } else {
        slot->failed = *present;
        snprintf(slot->failure, sizeof slot->failure, "the new model file was not loaded: %.400s",
                 error.message);
    }
    pthread_mutex_unlock(&self->lock);
    if (status == DN_OK)
        dn_log(DN_LOG_INFO, "model_swapped", "%s: model %s replaced %s", slot->settings.name,
               dn_model_id(next->model), dn_model_id(running->model));
    else
        dn_log(DN_LOG_ERROR, "model_refused", "%s: model %s stays: %s", slot->settings.name,
               dn_model_id(running->model), error.message);
    dn_models_give(old);
    dn_models_give(running);
    if (self->tell)
        self->tell(self->user, slot->settings.name);
}

void dn_models_look(dn_models *self, int now) {
    pthread_mutex_lock(&self->loading); /* no slot comes or goes */
    for (dn_slot *slot = self->first; slot; slot = slot->next) {
        dn_model_file present;
        pthread_mutex_lock(&self->lock);
        int due = is_due(slot, now, &present);
        pthread_mutex_unlock(&self->lock);
        if (due)
            swap(self, slot, &present);
    }
    pthread_mutex_unlock(&self->loading);
}
