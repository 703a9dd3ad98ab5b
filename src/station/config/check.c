/* Whether the settings fit together. */
#include "station/config/check.h"

#include "station/base/text.h"

#include <string.h>

static dn_status check_models(const dn_serve_settings *self, dn_error *error) {
    if (self->model_count == 0)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "no model: name one as argument, or in the "
                               "list models of the configuration");
    for (size_t i = 0; i < self->model_count; i++) {
        const dn_served_model *model = &self->models[i];
        if (!model->name || !model->path)
            return dn_station_fail(error, DN_ERROR_CONFIG, "models: number %zu has no %s", i + 1,
                                   model->name ? "path" : "name");
        for (size_t k = 0; k < i; k++)
            if (strcmp(model->name, self->models[k].name) == 0)
                return dn_station_fail(error, DN_ERROR_CONFIG,
                                       "two models are called \"%s\": give one as NAME=PATH",
                                       model->name);
    }
    return DN_OK;
}

static dn_status check_sinks(const dn_serve_settings *self, dn_error *error) {
    for (size_t i = 0; i < self->sink_count; i++) {
        const dn_serve_sink *sink = &self->sinks[i];
        if (!sink->name || !sink->url == !sink->host)
            return dn_station_fail(error, DN_ERROR_CONFIG,
                                   "sinks: number %zu needs a name, and either url or host", i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(sink->name, self->sinks[k].name) == 0)
                return dn_station_fail(error, DN_ERROR_CONFIG, "two sinks are called \"%s\"",
                                       sink->name);
    }
    if (self->sink_count > 0 && !*self->archive)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "sinks need an archive: what they have not taken waits there");
    return DN_OK;
}

static int has_model(const dn_serve_settings *self, const char *name) {
    for (size_t i = 0; i < self->model_count; i++)
        if (strcmp(self->models[i].name, name) == 0)
            return 1;
    return 0;
}

static dn_status check_watch(const dn_serve_settings *self, dn_serve_watch *watch,
                             dn_error *error) {
    if (!watch->folder || !*watch->folder)
        return dn_station_fail(error, DN_ERROR_CONFIG, "watches: one has no folder");
    if (!watch->model && self->model_count == 1)
        watch->model = dn_station_copy(self->models[0].name, strlen(self->models[0].name));
    else if (!watch->model)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "watch %.300s: there are several models: name one (MODEL=DIR)",
                               watch->folder);
    if (!watch->model)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    return has_model(self, watch->model)
               ? DN_OK
               : dn_station_fail(error, DN_ERROR_CONFIG, "watch %.300s: there is no model %s",
                                 watch->folder, watch->model);
}

static dn_status check_watches(dn_serve_settings *self, dn_error *error) {
    dn_status status = DN_OK;
    if (self->watch_count > 0 && !*self->archive)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "watched folders need an archive: it remembers which pictures were "
                               "judged");
    for (size_t i = 0; status == DN_OK && i < self->watch_count; i++)
        status = check_watch(self, &self->watches[i], error);
    return status;
}

dn_status dn_serve_settings_check(dn_serve_settings *self, dn_error *error) {
    dn_status status = check_models(self, error);
    if (status == DN_OK && !*self->tls_cert != !*self->tls_key)
        status = dn_station_fail(error, DN_ERROR_CONFIG, "tls_cert and tls_key belong together");
    if (status == DN_OK)
        status = check_sinks(self, error);
    return status == DN_OK ? check_watches(self, error) : status;
}
