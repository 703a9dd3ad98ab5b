#include "station/sinks/sinks.h"

#include "station/base/log.h"
#include "station/base/text.h"
#include "station/sinks/courier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 50, PAUSE_MS = 200, LONGEST_PAUSE_MS = 30000 };

typedef struct sink {
    dn_archive *archive;
    char *name;
    dn_courier courier;
    int most_waiting;
    int64_t delivered;
    int pause_ms; /* after a failure: twice as long each time */
    int is_troubled;
    atomic_int *stop;
    atomic_llong waiting;
    pthread_t thread;
    int runs;
} sink;

/* Those of one configuration. */
typedef struct running {
    atomic_int stop;
    size_t count;
    sink sinks[];
} running;

struct dn_sinks {
    dn_archive *archive;
    pthread_mutex_t lock; /* of the following */
    running *now;         /* NULL: none */
};

/* ---- delivery ---- */

typedef struct batch {
    int64_t sequences[BATCH];
    char *rows[BATCH];
    size_t count;
} batch;

static int take_row(void *user, int64_t sequence, const char *text) {
    batch *self = user;
    self->sequences[self->count] = sequence;
    self->rows[self->count] = dn_station_copy(text, strlen(text));
    if (!self->rows[self->count])
        return 0;
    return ++self->count < BATCH;
}

static void note(sink *self, dn_delivery delivery, const char *trouble, int64_t sequence) {
    if (delivery == DN_REFUSED)
        dn_log(DN_LOG_WARNING, "sink_refused", "%s: row %lld was refused: %s", self->name,
               (long long)sequence, trouble);
    if (delivery == DN_UNDELIVERED && !self->is_troubled)
        dn_log(DN_LOG_WARNING, "sink_failed", "%s: rows wait: %s", self->name, trouble);
    if (delivery != DN_UNDELIVERED && self->is_troubled)
        dn_log(DN_LOG_INFO, "sink_recovered", "%s: accepts rows again", self->name);
    self->is_troubled = delivery == DN_UNDELIVERED;
}

/* In order: what follows a row that was not taken waits with it. Returns 0 if one was not. */
static int deliver_all(sink *self, const batch *rows) {
    for (size_t i = 0; i < rows->count && !atomic_load(self->stop); i++) {
        char trouble[DN_TROUBLE] = "";
        dn_delivery delivery = self->courier.deliver(self->courier.state, rows->rows[i], trouble);
        note(self, delivery, trouble, rows->sequences[i]);
        if (delivery == DN_UNDELIVERED)
            return 0;
        self->delivered = rows->sequences[i];
    }
    return 1;
}

/* Returns whether there was something, and it was taken. */
static int send_batch(sink *self) {
    batch rows = {.count = 0};
    dn_error error = {DN_OK, ""};
    /* "Above 0" would mean the newest first. */
    const dn_archive_query query = {.after = self->delivered, .limit = BATCH};
    const dn_archive_query all = {.after = -1, .limit = BATCH};
    int64_t before = self->delivered;
    dn_status status = dn_archive_read(self->archive, self->delivered > 0 ? &query : &all, 0,
                                       take_row, &rows, &error);
    int taken = status == DN_OK && rows.count > 0 && deliver_all(self, &rows);
    for (size_t i = 0; i < rows.count; i++)
        free(rows.rows[i]);
    if (self->delivered != before)
        status = dn_archive_set_delivered(self->archive, self->name, self->delivered, &error);
    if (status != DN_OK && !self->is_troubled) {
        dn_log(DN_LOG_ERROR, "sink_failed", "%s: %s", self->name, error.message);
        self->is_troubled = 1;
    }
    return taken && status == DN_OK;
}

/* The spool has a bound: what goes beyond it is dropped from its front, and said. */
static void drop_oldest(sink *self, int64_t last) {
    int64_t waiting = last - self->delivered;
    if (waiting > self->most_waiting) {
        int64_t dropped = waiting - self->most_waiting;
        self->delivered += dropped;
        dn_log(DN_LOG_ERROR, "sink_dropped",
               "%s: more than %d rows waited; the oldest %lld are not "
               "sent (they stay in the archive)",
               self->name, self->most_waiting, (long long)dropped);
        (void)dn_archive_set_delivered(self->archive, self->name, self->delivered, NULL);
    }
    atomic_store(&self->waiting, last - self->delivered);
}

static void pause_for(const sink *self, int milliseconds) {
    for (int left = milliseconds; left > 0 && !atomic_load(self->stop); left -= PAUSE_MS) {
        const struct timespec step = {.tv_nsec = PAUSE_MS * 1000000L};
        nanosleep(&step, NULL);
        if (self->courier.idle)
            self->courier.idle(self->courier.state);
    }
}

static void *run(void *user) {
    sink *self = user;
    while (!atomic_load(self->stop)) {
        int64_t last = dn_archive_last(self->archive);
        drop_oldest(self, last);
        if (last <= self->delivered)
            pause_for(self, PAUSE_MS);
        else if (send_batch(self))
            self->pause_ms = PAUSE_MS;
        else {
            pause_for(self, self->pause_ms);
            self->pause_ms =
                self->pause_ms < LONGEST_PAUSE_MS / 2 ? self->pause_ms * 2 : LONGEST_PAUSE_MS;
        }
    }
    return NULL;
}

/* ---- start and stop ---- */

static dn_status start_one(running *all, const dn_serve_settings *settings, size_t number,
                           dn_archive *archive, dn_error *error) {
    sink *self = &all->sinks[number];
    const dn_serve_sink *wanted = &settings->sinks[number];
    self->archive = archive;
    self->stop = &all->stop;
    self->most_waiting = settings->sink_rows;
    self->pause_ms = PAUSE_MS;
    self->name = dn_station_copy(wanted->name, strlen(wanted->name));
    if (!self->name)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    dn_status status = wanted->url ? dn_webhook_open(wanted, &self->courier, error)
                                   : dn_mqtt_open(wanted, &self->courier, error);
    if (status == DN_OK)
        status = dn_archive_delivered(archive, self->name, &self->delivered, error);
    if (status == DN_OK) {
        self->runs = pthread_create(&self->thread, NULL, run, self) == 0;
        if (!self->runs)
            status = dn_station_fail(error, DN_ERROR_MEMORY, "cannot start a thread");
    }
    return status;
}

static void stop(running *self) {
    if (!self)
        return;
    atomic_store(&self->stop, 1);
    for (size_t i = 0; i < self->count; i++) {
        sink *one = &self->sinks[i];
        if (one->runs)
            pthread_join(one->thread, NULL);
        if (one->courier.close)
            one->courier.close(one->courier.state);
        free(one->name);
    }
    free(self);
}

static dn_status start(dn_archive *archive, const dn_serve_settings *settings, running **made,
                       dn_error *error) {
    dn_status status = DN_OK;
    *made = NULL;
    if (settings->sink_count == 0)
        return DN_OK;
    running *self = calloc(1, sizeof *self + settings->sink_count * sizeof *self->sinks);
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->count = settings->sink_count;
    for (size_t i = 0; status == DN_OK && i < self->count; i++)
        status = start_one(self, settings, i, archive, error);
    if (status == DN_OK)
        *made = self;
    else
        stop(self);
    return status;
}

static void replace(dn_sinks *self, running *next) {
    pthread_mutex_lock(&self->lock);
    running *before = self->now;
    self->now = next;
    pthread_mutex_unlock(&self->lock);
    stop(before);
}

dn_status dn_sinks_create(dn_archive *archive, dn_sinks **sinks, dn_error *error) {
    dn_sinks *self = calloc(1, sizeof *self);
    *sinks = self;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->archive = archive;
    pthread_mutex_init(&self->lock, NULL);
    return DN_OK;
}

dn_status dn_sinks_configure(dn_sinks *self, const dn_serve_settings *settings, dn_error *error) {
    running *next;
    replace(self, NULL); /* two of a name would send a row twice */
    dn_status status = start(self->archive, settings, &next, error);
    if (status == DN_OK)
        replace(self, next);
    return status;
}

void dn_sinks_destroy(dn_sinks *self) {
    if (!self)
        return;
    replace(self, NULL);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static void print(const running *self, dn_buffer *text) {
    dn_buffer_text(text, "# HELP differnet_sink_waiting Rows that wait for a sink.\n"
                         "# TYPE differnet_sink_waiting gauge\n");
    for (size_t i = 0; i < self->count; i++)
        dn_buffer_print(text, "differnet_sink_waiting{sink=\"%s\"} %lld\n", self->sinks[i].name,
                        (long long)atomic_load(&self->sinks[i].waiting));
}

void dn_sinks_print(dn_sinks *self, dn_buffer *text) {
    pthread_mutex_lock(&self->lock);
    if (self->now)
        print(self->now, text);
    pthread_mutex_unlock(&self->lock);
}
