/* A station that runs, as the files of this room share it. */
#ifndef DN_STATION_RUN_RUN_H
#define DN_STATION_RUN_RUN_H

#include "station/api/api.h"
#include "station/watch/watch.h"

#include <pthread.h>

enum { DN_RUN_HOST = 256, DN_RUN_HOSTS = 68 };

typedef struct run {
    dn_station station;
    const dn_serve_settings_source *source;
    char host[DN_RUN_HOST], port[16];
    const char *hosts[DN_RUN_HOSTS];
    size_t host_count;
    dn_serve_settings reloaded; /* of the last reload: its texts are in use */
    int has_reloaded;
    char *tls_cert, *tls_key;
    dn_watches *watches;
    pthread_t looking; /* for replaced models, and reloads */
    int looks;
    atomic_int wants_reload;
} run;

/* ---- reload.c ---- */

/* Sets what may change at any time: hosts, what is kept, megapixels. The texts stay in use. */
void dn_run_apply(run *self, const dn_serve_settings *settings);

/* Reads the source again and applies what can change; a failure changes nothing. Logs what came of
 * it. */
void dn_run_reload(run *self);

/* The settings that hold now. */
const dn_serve_settings *dn_run_settings(const run *self);

dn_archive_limits dn_run_archive_limits(const dn_serve_settings *settings);
dn_http_limits dn_run_http_limits(const dn_serve_settings *settings);

#endif
