#include "station/run/station.h"

#include "station/api/api.h"
#include "station/base/log.h"
#include "station/base/text.h"
#include "station/http/guard.h"
#include "station/run/notify.h"
#include "station/run/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READ_QUEUE = 64, TICK_MS = 250 };

/* ---- parts of the start ---- */

static dn_status split_listen(run *self, dn_error *error) {
    const char *port, *listen = self->station.settings.listen;
    if (!dn_guard_split_host(listen, self->host, sizeof self->host, &port) || !*port ||
        strlen(port) >= sizeof self->port)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "listen: \"%.200s\": expected ADDRESS:PORT or [ADDRESS]:PORT",
                               listen);
    snprintf(self->port, sizeof self->port, "%s", port);
    return DN_OK;
}

/* Whoever reaches the station from outside may read pictures and change verdicts. */
static dn_status check_exposure(const run *self, dn_error *error) {
    const dn_serve_settings *settings = &self->station.settings;
    if (dn_guard_is_loopback(self->host) || (*settings->tls_cert && *settings->token_file))
        return DN_OK;
    return dn_station_fail(error, DN_ERROR_CONFIG,
                           "listen: %.200s is reachable from other machines: that needs tls_cert, "
                           "tls_key and token_file",
                           self->host);
}

static dn_status read_pem(const char *path, char **text, dn_error *error) {
    enum { LIMIT = 1 << 20 };
    *text = NULL;
    if (!*path)
        return DN_OK;
    FILE *stream = fopen(path, "re");
    char *read = stream ? malloc(LIMIT) : NULL;
    size_t size = read ? fread(read, 1, LIMIT - 1, stream) : 0;
    if (stream)
        fclose(stream);
    if (size == 0) {
        free(read);
        return dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot read: %s", path,
                               stream ? "it is empty" : strerror(errno));
    }
    read[size] = '\0';
    *text = read;
    return DN_OK;
}

static void tell_model(void *user, const char *name) {
    dn_station *station = user;
    dn_buffer json = {0};
    if (station->http && dn_models_describe(station->models, name, &json) && !json.failed)
        dn_http_publish(station->http, "model", json.data);
    dn_buffer_free(&json);
}

/* As many as fit the processors with the threads that each takes. */
static size_t scoring_threads(const dn_serve_settings *settings) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return settings->threads > 0 && processors > settings->threads
               ? (size_t)(processors / settings->threads)
               : 1;
}

static dn_status open_parts(dn_station *station, dn_error *error) {
    const dn_serve_settings *settings = &station->settings;
    const dn_archive_limits limits = dn_run_archive_limits(settings);
    dn_status status =
        dn_access_create(settings->token_file, settings->token_failures, &station->access, error);
    if (status == DN_OK && *settings->archive)
        status = dn_archive_open(settings->archive, &limits, &station->archive, error);
    if (status == DN_OK)
        status = dn_sinks_create(station->archive, &station->sinks, error);
    if (status == DN_OK)
        status = dn_sinks_configure(station->sinks, settings, error);
    if (status == DN_OK)
        status = dn_models_create(settings, tell_model, station, &station->models, error);
    if (status == DN_OK)
        status = dn_jobs_create(scoring_threads(settings), (size_t)settings->queue,
                                &station->scores, error);
    if (status == DN_OK)
        status = dn_jobs_create((size_t)settings->workers, (size_t)settings->workers,
                                &station->rests, error);
    if (status == DN_OK)
        status = dn_jobs_create(1, READ_QUEUE, &station->reads, error);
    return status;
}

static dn_status start_http(run *self, dn_error *error) {
    const dn_serve_settings *settings = &self->station.settings;
    dn_status status = read_pem(settings->tls_cert, &self->tls_cert, error);
    if (status == DN_OK)
        status = read_pem(settings->tls_key, &self->tls_key, error);
    if (status != DN_OK)
        return status;
    const dn_http_options options = {.host = self->host,
                                     .port = self->port,
                                     .tls_cert = self->tls_cert,
                                     .tls_key = self->tls_key,
                                     .hosts = self->hosts,
                                     .host_count = self->host_count,
                                     .connections = settings->connections,
                                     .connections_per_address = settings->connections_per_address,
                                     .limits = dn_run_http_limits(settings),
                                     .routes = dn_station_routes,
                                     .route_count = dn_station_route_count,
                                     .access = self->station.access,
                                     .user = &self->station,
                                     .on_done = dn_api_done};
    return dn_http_start(&options, &self->station.http, error);
}

/* ---- while it runs ---- */

/* A thread of its own: trying a new model takes seconds, and the watchdog wants signs of life. */
static void *look_for_changes(void *user) {
    run *self = user;
    for (int tick = 1; !atomic_load(&self->station.stopping); tick++) {
        const struct timespec pause = {.tv_nsec = TICK_MS * 1000000L};
        nanosleep(&pause, NULL);
        if (atomic_exchange(&self->wants_reload, 0))
            dn_run_reload(self);
        else if (tick % (1000 / TICK_MS) == 0)
            dn_models_look(self->station.models, 0);
    }
    return NULL;
}

static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void serve(run *self, const sigset_t *signals) {
    double interval = dn_notify_interval(), next_sign = 0;
    dn_notify_manager("READY=1");
    for (;;) {
        const struct timespec second = {.tv_sec = 0, .tv_nsec = TICK_MS * 1000000L};
        int received = sigtimedwait(signals, NULL, &second);
        if (received == SIGHUP)
            atomic_store(&self->wants_reload, 1);
        else if (received > 0)
            break;
        if (interval > 0 && dn_steady_seconds() >= next_sign) {
            dn_notify_manager("WATCHDOG=1");
            next_sign = dn_steady_seconds() + interval;
        }
    }
    dn_notify_manager("STOPPING=1");
}

/* ---- the end ---- */

/* What was taken is answered, within drain_seconds. */
static void drain(run *self) {
    dn_station *station = &self->station;
    double until = dn_steady_seconds() + dn_run_settings(self)->drain_seconds;
    atomic_store(&station->stopping, 1);
    dn_http_quiesce(station->http);
    while (dn_http_open_requests(station->http) > 0 && dn_steady_seconds() < until) {
        const struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
    }
}

static void close_all(run *self) {
    dn_station *station = &self->station;
    if (station->http)
        drain(self);
    atomic_store(&station->stopping, 1);
    if (self->looks)
        pthread_join(self->looking, NULL);
    dn_watches_stop(self->watches);
    /* Workers finish what waits, and hand it to the archive; the archive writes it and answers;
     * then no request waits any more. */
    dn_jobs_destroy(station->scores);
    dn_jobs_destroy(station->rests);
    dn_jobs_destroy(station->reads);
    dn_sinks_destroy(station->sinks);
    dn_archive_close(station->archive);
    dn_http_stop(station->http);
    dn_models_destroy(station->models);
    dn_access_destroy(station->access);
    dn_serve_settings_free(&station->settings);
    dn_serve_settings_free(&self->reloaded);
    if (self->tls_key)
        explicit_bzero(self->tls_key, strlen(self->tls_key));
    free(self->tls_key);
    free(self->tls_cert);
}

static dn_status start(run *self, dn_error *error) {
    dn_station *station = &self->station;
    dn_status status = dn_serve_settings_read(self->source, &station->settings, error);
    if (status == DN_OK)
        status = split_listen(self, error);
    if (status == DN_OK)
        status = check_exposure(self, error);
    if (status != DN_OK)
        return status;
    dn_run_apply(self, &station->settings);
    status = open_parts(station, error);
    if (status == DN_OK)
        status = start_http(self, error);
    if (status == DN_OK)
        status = dn_watches_start(station, &self->watches, error);
    if (status == DN_OK) {
        self->looks = pthread_create(&self->looking, NULL, look_for_changes, self) == 0;
        if (!self->looks)
            status = dn_station_fail(error, DN_ERROR_MEMORY, "cannot start a thread");
    }
    return status;
}

dn_status dn_station_run(const dn_serve_settings_source *source, dn_error *error) {
    run *self = calloc(1, sizeof *self);
    sigset_t signals;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    block_signals(&signals); /* before there are threads, which inherit it */
    self->source = source;
    dn_counters_init(&self->station.counters);
    dn_status status = start(self, error);
    if (status == DN_OK) {
        dn_log(DN_LOG_INFO, "started", "differnet %s: %s://%s%s%s:%d", dn_version(),
               self->tls_cert ? "https" : "http", strchr(self->host, ':') ? "[" : "", self->host,
               strchr(self->host, ':') ? "]" : "", dn_http_port(self->station.http));
        serve(self, &signals);
    }
    close_all(self);
    if (status == DN_OK)
        dn_log(DN_LOG_INFO, "stopped", "all accepted requests were answered");
    free(self);
    return status;
}
