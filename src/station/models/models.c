#include "station/base/log.h"
#include "station/base/text.h"
#include "station/models/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_TRIAL = 4 << 20 };

/* ---- use ---- */

dn_slot *dn_slot_find(dn_models *self, const char *name) {
    for (dn_slot *slot = self->first; slot; slot = slot->next)
        if (strcmp(slot->settings.name, name) == 0)
            return slot;
    return NULL;
}

dn_model_use *dn_models_take(dn_models *self, const char *name) {
    dn_model_use *use = NULL;
    pthread_mutex_lock(&self->lock);
    dn_slot *slot = dn_slot_find(self, name);
    if (slot) {
        use = slot->use;
        use->users++;
    }
    pthread_mutex_unlock(&self->lock);
    return use;
}

void dn_models_give(dn_model_use *use) {
    if (!use)
        return;
    pthread_mutex_lock(&use->models->lock);
    size_t left = --use->users;
    pthread_mutex_unlock(&use->models->lock);
    if (left > 0)
        return;
    dn_model_close(use->model);
    free(use);
}

dn_model *dn_model_of(const dn_model_use *use) {
    return use->model;
}

const char *dn_models_name(dn_models *self, size_t index) {
    pthread_mutex_lock(&self->lock);
    const dn_slot *slot = self->first;
    for (; slot && index > 0; index--)
        slot = slot->next;
    pthread_mutex_unlock(&self->lock);
    return slot ? slot->settings.name : NULL;
}

/* ---- slots ---- */

static void free_slot(dn_slot *slot) {
    dn_models_give(slot->use);
    for (size_t i = 0; i < DN_TRIAL_PICTURES; i++)
        free(slot->trials[i].bytes);
    free(slot->settings.name);
    free(slot->settings.path);
    free(slot->settings.precision);
    free(slot);
}

static char *copy_of(const char *text) {
    return text ? dn_station_copy(text, strlen(text)) : NULL;
}

static dn_status create_slot(dn_models *self, const dn_served_model *settings, dn_slot **made,
                             dn_error *error) {
    dn_slot *slot = calloc(1, sizeof *slot);
    *made = slot;
    if (!slot)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    slot->settings = *settings;
    slot->settings.name = copy_of(settings->name);
    slot->settings.path = copy_of(settings->path);
    slot->settings.precision = copy_of(settings->precision);
    dn_status status = DN_OK;
    if (!slot->settings.name || !slot->settings.path ||
        (settings->precision && !slot->settings.precision))
        status = dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    else {
        dn_model_file_note(&slot->file, slot->settings.path);
        slot->seen = slot->failed = slot->file;
        status = dn_slot_open(self, &slot->settings, &slot->use, error);
    }
    if (status == DN_OK && slot->use)
        status = dn_slot_try(slot->use->model, NULL, NULL, 0, error);
    slot->loaded_at = dn_utc_now();
    if (status != DN_OK) {
        free_slot(slot);
        *made = NULL;
    }
    return status;
}

static int same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int is_same(const dn_served_model *a, const dn_served_model *b) {
    return same_text(a->name, b->name) && same_text(a->path, b->path) &&
           same_text(a->precision, b->precision) && a->threshold == b->threshold &&
           a->false_reject_rate == b->false_reject_rate && a->review_rate == b->review_rate &&
           a->early_exit == b->early_exit && a->rotations == b->rotations;
}

/* Slots of `old` that go on as they are move to the new list. */
static dn_slot *take_same(dn_slot **old, const dn_served_model *settings) {
    for (dn_slot **place = old; *place; place = &(*place)->next)
        if (is_same(&(*place)->settings, settings)) {
            dn_slot *slot = *place;
            *place = slot->next;
            slot->next = NULL;
            return slot;
        }
    return NULL;
}

static void free_slots(dn_slot *slot) {
    while (slot) {
        dn_slot *next = slot->next;
        free_slot(slot);
        slot = next;
    }
}

dn_status dn_models_configure(dn_models *self, const dn_serve_settings *settings, dn_error *error) {
    dn_slot **made = calloc(settings->model_count + 1, sizeof *made), *old;
    dn_status status = DN_OK;
    if (!made)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    pthread_mutex_lock(&self->loading);
    for (size_t i = 0; status == DN_OK && i < settings->model_count; i++) {
        pthread_mutex_lock(&self->lock);
        dn_slot *running = dn_slot_find(self, settings->models[i].name);
        int same = running && is_same(&running->settings, &settings->models[i]);
        pthread_mutex_unlock(&self->lock);
        if (!same)
            status = create_slot(self, &settings->models[i], &made[i], error);
    }
    pthread_mutex_lock(&self->lock);
    old = self->first;
    if (status == DN_OK) {
        dn_slot **end = &self->first;
        for (size_t i = 0; i < settings->model_count; i++) {
            *end = made[i] ? made[i] : take_same(&old, &settings->models[i]);
            made[i] = NULL;
            if (*end)
                end = &(*end)->next;
        }
        *end = NULL;
    } else
        old = NULL;
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_unlock(&self->loading);
    free_slots(old);
    for (size_t i = 0; i < settings->model_count; i++)
        if (made[i])
            free_slot(made[i]);
    free(made);
    return status;
}

dn_status dn_models_create(const dn_serve_settings *settings, dn_models_tell *tell, void *user,
                           dn_models **models, dn_error *error) {
    dn_models *self = calloc(1, sizeof *self);
    *models = NULL;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&self->lock, NULL);
    pthread_mutex_init(&self->loading, NULL);
    self->workers = settings->workers;
    self->threads = settings->threads;
    self->tell = tell;
    self->user = user;
    dn_status status = dn_models_configure(self, settings, error);
    if (status == DN_OK)
        *models = self;
    else
        dn_models_destroy(self);
    return status;
}

void dn_models_destroy(dn_models *self) {
    if (!self)
        return;
    free_slots(self->first);
    pthread_mutex_destroy(&self->lock);
    pthread_mutex_destroy(&self->loading);
    free(self);
}

/* ---- what they have done ---- */

void dn_models_remember(dn_models *self, const char *name, const void *bytes, size_t size) {
    void *copy = size <= LARGEST_TRIAL ? malloc(size ? size : 1) : NULL, *before = copy;
    if (!copy)
        return;
    memcpy(copy, bytes, size);
    pthread_mutex_lock(&self->lock);
    dn_slot *slot = dn_slot_find(self, name);
    if (slot) {
        dn_trial *trial = &slot->trials[slot->next_trial++ % DN_TRIAL_PICTURES];
        before = trial->bytes;
        *trial = (dn_trial){copy, size};
    }
    pthread_mutex_unlock(&self->lock);
    free(before);
}

void dn_models_count(dn_models *self, const char *name, dn_verdict verdict, double milliseconds) {
    pthread_mutex_lock(&self->lock);
    dn_slot *slot = dn_slot_find(self, name);
    if (slot) {
        slot->verdicts[(int)verdict < DN_VERDICT_KINDS ? verdict : 0]++;
        slot->latencies[slot->judged++ % DN_LATENCIES] = (float)milliseconds;
    }
    pthread_mutex_unlock(&self->lock);
}

static int by_size(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static void describe_latency(const dn_slot *slot, dn_buffer *json) {
    float sorted[DN_LATENCIES];
    size_t count = slot->judged < DN_LATENCIES ? (size_t)slot->judged : DN_LATENCIES;
    memcpy(sorted, slot->latencies, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    if (count > 0)
        dn_buffer_print(json, ",\"latency_ms\":{\"p50\":%.3f,\"p95\":%.3f}",
                        (double)sorted[count / 2], (double)sorted[count * 95 / 100]);
}

static void describe_slot(const dn_slot *slot, dn_buffer *json) {
    char loaded[DN_UTC_TEXT];
    dn_utc_text(slot->loaded_at, loaded);
    dn_buffer_text(json, "{\"name\":");
    dn_buffer_json(json, slot->settings.name);
    dn_buffer_print(json, ",\"model_id\":\"%s\",\"state\":\"%s\",\"loaded\":\"%s\",\"swaps\":%u",
                    dn_model_id(slot->use->model), slot->failure[0] ? "stale" : "ready", loaded,
                    slot->swaps);
    dn_buffer_print(json, ",\"judges\":%s,\"precision\":\"%s\"",
                    dn_model_judges(slot->use->model) ? "true" : "false",
                    dn_model_precision(slot->use->model, NULL));
    dn_buffer_print(json, ",\"inspections\":%llu,\"verdicts\":{", slot->judged);
    for (int i = 0; i < DN_VERDICT_KINDS; i++)
        dn_buffer_print(json, "%s\"%s\":%llu", i ? "," : "", dn_verdict_name((dn_verdict)i),
                        slot->verdicts[i]);
    dn_buffer_text(json, "}");
    describe_latency(slot, json);
    if (slot->failure[0]) {
        dn_buffer_text(json, ",\"message\":");
        dn_buffer_json(json, slot->failure);
    }
    dn_buffer_text(json, "}");
}

int dn_models_describe(dn_models *self, const char *name, dn_buffer *json) {
    int found = !name;
    pthread_mutex_lock(&self->lock);
    if (!name)
        dn_buffer_text(json, "[");
    for (dn_slot *slot = self->first; slot; slot = slot->next) {
        if (name && strcmp(slot->settings.name, name) != 0)
            continue;
        found = 1;
        if (!name && slot != self->first)
            dn_buffer_text(json, ",");
        describe_slot(slot, json);
    }
    if (!name)
        dn_buffer_text(json, "]");
    pthread_mutex_unlock(&self->lock);
    return found;
}

int dn_models_are_current(dn_models *self) {
    int current = 1;
    pthread_mutex_lock(&self->lock);
    for (dn_slot *slot = self->first; slot; slot = slot->next)
        current &= !slot->failure[0];
    pthread_mutex_unlock(&self->lock);
    return current;
}
