/* What the station says of itself. */
#include "station/api/api.h"
#include "station/base/log.h"
#include "station/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char dn_openapi_json[];

static void answer_json(dn_http_request *request, int status, dn_buffer *json) {
    dn_http_answer(request, status, "application/json", json);
}

/* A stale model still judges, so the station is healthy; what fails is told. */
void dn_api_health(dn_http_request *request) {
    dn_station *station = request->user;
    char trouble[512] = "";
    dn_buffer json = {0};
    int well = !station->archive || dn_archive_is_well(station->archive, trouble, sizeof trouble);
    int current = dn_models_are_current(station->models);
    int stopping = atomic_load(&station->stopping);
    int watched = atomic_load(&station->troubled_folders) == 0;
    dn_buffer_print(&json, "{\"status\":\"%s\",\"version\":\"%s\",\"models\":\"%s\",\"archive\":",
                    stopping                     ? "stopping"
                    : well && current && watched ? "ok"
                    : well                       ? "degraded"
                                                 : "failing",
                    dn_version(), current ? "current" : "stale");
    dn_buffer_json(&json, !station->archive ? "none" : well ? "ok" : "failing");
    if (station->settings.watch_count > 0)
        dn_buffer_print(&json, ",\"watch\":\"%s\"", watched ? "ok" : "failing");
    dn_buffer_text(&json, "}\n");
    answer_json(request, stopping || !well ? 503 : 200, &json);
}

void dn_api_metrics(dn_http_request *request) {
    dn_station *station = request->user;
    dn_buffer text = {0};
    dn_counters_print(&station->counters, dn_jobs_count(station->scores), &text);
    dn_sinks_print(station->sinks, &text);
    dn_http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

void dn_api_openapi(dn_http_request *request) {
    dn_http_answer_static(request, "application/json", dn_openapi_json, strlen(dn_openapi_json));
}

void dn_api_events(dn_http_request *request) {
    const char *last = dn_http_header(request, "Last-Event-ID");
    char *end = NULL;
    long long id = last ? strtoll(last, &end, 10) : -1;
    dn_http_answer_events(request, last && end != last && !*end ? id : -1);
}

void dn_api_models(dn_http_request *request) {
    dn_station *station = request->user;
    dn_buffer json = {0};
    dn_buffer_text(&json, "{\"models\":");
    dn_models_describe(station->models, NULL, &json);
    dn_buffer_text(&json, "}\n");
    answer_json(request, 200, &json);
}

void dn_api_model(dn_http_request *request) {
    dn_station *station = request->user;
    dn_buffer json = {0};
    if (dn_models_describe(station->models, request->parameters[0], &json)) {
        dn_buffer_text(&json, "\n");
        answer_json(request, 200, &json);
    } else
        dn_http_problem(request, 404, "no such model");
    dn_buffer_free(&json);
}

/* ---- POST /api/models:reload ---- */

typedef struct reload {
    dn_job job;
    dn_http_request *request;
} reload;

static void run_reload(dn_job *job) {
    reload *self = (reload *)job;
    dn_station *station = self->request->user;
    dn_models_look(station->models, 1);
    dn_api_models(self->request);
    dn_http_finish(self->request);
    free(self);
}

void dn_api_reload(dn_http_request *request) {
    dn_station *station = request->user;
    reload *self = malloc(sizeof *self);
    if (!self) {
        dn_http_problem(request, 503, "out of memory");
        return;
    }
    *self = (reload){.job.run = run_reload, .request = request};
    dn_http_wait(request);
    if (dn_jobs_add(station->reads, &self->job))
        return;
    free(self);
    dn_http_problem(request, 503, "too many queries are waiting");
    dn_http_finish(request);
}

/* ---- after each request ---- */

void dn_api_done(dn_http_request *request, int sent) {
    dn_station *station = request->user;
    double seconds = dn_steady_seconds() - request->began;
    char code[16];
    dn_buffer members = {0};
    snprintf(code, sizeof code, "%d", sent);
    dn_counters_add(&station->counters, DN_COUNT_REQUEST, request->model, code);
    if (request->model[0] && sent == 200)
        dn_counters_time(&station->counters, seconds);
    if (!request->model[0] && sent >= 200 && sent < 400)
        return; /* who looks at health and page every second would fill the log */
    dn_buffer_print(&members, ",\"status\":%d,\"method\":", sent);
    dn_buffer_json(&members, dn_http_method(request));
    dn_buffer_text(&members, ",\"route\":");
    dn_buffer_json(&members, request->route ? request->route->pattern : NULL);
    dn_buffer_print(&members, ",\"ms\":%.1f,\"address\":\"%s\"", seconds * 1e3,
                    dn_http_address(request));
    if (request->model[0])
        dn_buffer_print(&members, ",\"model\":\"%s\"", request->model);
    dn_log_members(sent >= 500 ? DN_LOG_WARNING : DN_LOG_INFO, "request", &members);
    dn_buffer_free(&members);
}
