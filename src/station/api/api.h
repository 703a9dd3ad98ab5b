/* What the station's requests share. */
#ifndef DN_STATION_API_API_H
#define DN_STATION_API_API_H

#include "station/api/counters.h"
#include "station/archive/archive.h"
#include "station/base/jobs.h"
#include "station/config/settings.h"
#include "station/http/server.h"
#include "station/models/models.h"
#include "station/page/page.h"
#include "station/sinks/sinks.h"

#include <stdatomic.h>

typedef struct dn_station {
    dn_serve_settings settings;
    dn_models *models;
    dn_archive *archive; /* NULL: nothing is kept */
    dn_http_server *http;
    dn_access *access;
    dn_jobs *scores; /* pictures that wait for their score */
    dn_jobs *rests;  /* scored ones, of which files and rows are made */
    dn_jobs *reads;  /* questions to the archive: they wait for the disk, not for scores */
    dn_sinks *sinks;
    dn_counters counters;
    atomic_int keep[DN_ARCHIVE_FILES]; /* dn_keep; a reload changes them, and the next */
    atomic_int megapixels;
    atomic_int troubled_folders; /* watched ones that cannot be read */
    atomic_int stopping;
} dn_station;

extern const dn_route dn_station_routes[];
extern const size_t dn_station_route_count;

/* The handlers, by the file that has them. */
dn_http_handler dn_api_health, dn_api_metrics, dn_api_openapi, dn_api_events, dn_api_models,
    dn_api_model, dn_api_reload;                       /* status.c */
dn_http_handler dn_api_predict;                        /* predict.c */
dn_http_handler dn_api_inspections, dn_api_inspection, /* inspections.c */
    dn_api_inspection_file, dn_api_decide;
dn_http_handler dn_api_v2_live, dn_api_v2_ready, dn_api_v2_server, dn_api_v2_model, /* v2.c */
    dn_api_v2_model_ready, dn_api_v2_infer;

/* Counts and logs a request that has been answered: for dn_http_options. */
void dn_api_done(dn_http_request *request, int sent);

#endif
