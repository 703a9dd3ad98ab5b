/* SIGHUP: tokens, hosts, models, sinks, limits and what is kept are read again. What cannot change
 * while the station runs goes on, and the log names it. */
#include "station/base/log.h"
#include "station/base/text.h"
#include "station/run/notify.h"
#include "station/run/run.h"

static void set_hosts(run *self, const dn_serve_settings *settings) {
    static const char *const own[] = {"localhost", "127.0.0.1", "::1"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        self->hosts[count++] = own[i];
    self->hosts[count++] = self->host;
    for (size_t i = 0; i < settings->hosts.count && count < DN_RUN_HOSTS; i++)
        self->hosts[count++] = settings->hosts.texts[i];
    self->host_count = count;
}

dn_archive_limits dn_run_archive_limits(const dn_serve_settings *settings) {
    return (dn_archive_limits){settings->keep_days, settings->keep_gigabytes};
}

dn_http_limits dn_run_http_limits(const dn_serve_settings *settings) {
    return (dn_http_limits){.most_body = (size_t)settings->body_mib << 20,
                            .most_memory = (size_t)settings->memory_mib << 20,
                            .head_seconds = settings->idle_seconds,
                            .request_seconds = settings->request_seconds,
                            .connection_seconds = settings->connection_seconds};
}

const dn_serve_settings *dn_run_settings(const run *self) {
    return self->has_reloaded ? &self->reloaded : &self->station.settings;
}

void dn_run_apply(run *self, const dn_serve_settings *settings) {
    dn_station *station = &self->station;
    atomic_store(&station->keep[DN_FILE_PICTURE], settings->keep_pictures);
    atomic_store(&station->keep[DN_FILE_MAP], settings->keep_maps);
    atomic_store(&station->keep[DN_FILE_OVERLAY], settings->keep_overlays);
    atomic_store(&station->megapixels, settings->megapixels);
    if (station->http)
        dn_http_set_hosts(station->http, NULL, 0); /* nobody reads the list while it changes */
    set_hosts(self, settings);
    if (station->http)
        dn_http_set_hosts(station->http, self->hosts, self->host_count);
}

/* ---- the reload ---- */

/* Everything that may fail, before anything that cannot. */
static dn_status prepare(run *self, const dn_serve_settings *next, dn_access **access,
                         dn_error *error) {
    dn_station *station = &self->station;
    /* With or without tokens is decided at the start, together with where it listens. */
    const char *token_file = *station->settings.token_file ? next->token_file : "";
    if (*station->settings.token_file && !*token_file)
        return dn_station_fail(error, DN_ERROR_CONFIG, "token_file: to go without needs a restart");
    dn_status status = dn_access_create(token_file, next->token_failures, access, error);
    if (status == DN_OK)
        status = dn_sinks_configure(station->sinks, next, error);
    if (status == DN_OK)
        status = dn_models_configure(station->models, next, error);
    if (status == DN_OK)
        return DN_OK;
    dn_access_destroy(*access);
    dn_error again = {DN_OK, ""};
    if (dn_sinks_configure(station->sinks, dn_run_settings(self), &again) != DN_OK)
        dn_log(DN_LOG_ERROR, "sink_failed", "no sink runs: %s", again.message);
    return status;
}

static void commit(run *self, const dn_serve_settings *next, dn_access *access) {
    dn_station *station = &self->station;
    dn_serve_settings before = self->reloaded;
    const dn_archive_limits kept = dn_run_archive_limits(next);
    const dn_http_limits limits = dn_run_http_limits(next);
    dn_access_replace(station->access, access);
    self->reloaded = *next;
    self->has_reloaded = 1;
    dn_run_apply(self, &self->reloaded);
    dn_http_set_limits(station->http, &limits);
    dn_jobs_set_bound(station->scores, (size_t)next->queue);
    if (station->archive)
        dn_archive_set_limits(station->archive, &kept);
    dn_serve_settings_free(&before);
    dn_models_look(station->models, 1);
}

static dn_status reload(run *self, dn_error *error) {
    char fixed[256];
    dn_access *access = NULL;
    dn_serve_settings next;
    dn_status status = dn_serve_settings_read(self->source, &next, error);
    if (status == DN_OK)
        status = prepare(self, &next, &access, error);
    if (status != DN_OK) {
        dn_serve_settings_free(&next);
        return status;
    }
    dn_serve_settings_fixed(&self->station.settings, &next, fixed, sizeof fixed);
    commit(self, &next, access);
    if (*fixed)
        dn_log(DN_LOG_WARNING, "restart_needed", "these changes need a restart: %s", fixed);
    return DN_OK;
}

void dn_run_reload(run *self) {
    dn_error error = {DN_OK, ""};
    dn_notify_manager("RELOADING=1");
    if (reload(self, &error) == DN_OK)
        dn_log(DN_LOG_INFO, "reloaded",
               "tokens, hosts, models, sinks, limits and what is kept were read again");
    else
        dn_log(DN_LOG_ERROR, "reload_failed", "nothing was changed: %s", error.message);
    dn_notify_manager("READY=1");
}
