/* What a station is told: a YAML file, then options of the command line. One table of keys has
 * names, ranges and defaults (settings.c). */
#ifndef DN_STATION_CONFIG_SETTINGS_H
#define DN_STATION_CONFIG_SETTINGS_H

#include "differnet.h"

typedef enum dn_keep { DN_KEEP_NONE, DN_KEEP_NOT_PASS, DN_KEEP_ALL } dn_keep;

/* A product and how it is judged; 0 and NULL as in dn_model_options. */
typedef struct dn_served_model {
    char *name, *path, *precision;
    double threshold, false_reject_rate, review_rate, early_exit;
    int rotations;
} dn_served_model;

/* Where rows are sent: a webhook (url) or an MQTT broker (host). */
typedef struct dn_serve_sink {
    char *name;
    char *url, *token_file, *ca_file;
    char *host, *topic, *client_id, *user, *password_file;
    int port;
} dn_serve_sink;

/* A folder whose pictures are judged as they appear. */
typedef struct dn_serve_watch {
    char *folder, *model;         /* model: of the list of models; NULL: there is only one */
    char *move_to;                /* NULL: files stay */
    double settle, poll, give_up; /* seconds */
} dn_serve_watch;

typedef struct dn_serve_settings_text_list {
    char **texts;
    size_t count;
} dn_serve_settings_text_list;

typedef struct dn_serve_settings {
    char *listen; /* ADDRESS:PORT, [ADDRESS]:PORT */
    char *tls_cert, *tls_key, *token_file, *archive;
    dn_serve_settings_text_list hosts; /* further names in the header Host */
    dn_served_model *models;
    size_t model_count;
    dn_serve_sink *sinks;
    size_t sink_count;
    dn_serve_watch *watches;
    size_t watch_count;
    int sink_rows; /* that may wait for a sink */
    int workers, threads, queue;
    int connections, connections_per_address;
    int token_failures; /* of an address in a minute */
    int body_mib, megapixels, memory_mib;
    int idle_seconds, request_seconds, connection_seconds, drain_seconds;
    int keep_pictures, keep_maps, keep_overlays; /* dn_keep */
    int keep_days;                               /* 0: no limit */
    double keep_gigabytes;                       /* 0: no limit */
} dn_serve_settings;

/* The options of a command line: NAME=PATH or PATH of each model, MODEL=DIR or DIR of each watched
 * folder, "key=value" of each other option. */
typedef struct dn_serve_settings_source {
    const char *file; /* NULL: none */
    const char *const *models;
    size_t model_count;
    const char *const *watches;
    size_t watch_count;
    const char *const *pairs;
    size_t pair_count;
} dn_serve_settings_source;

/* Free with dn_serve_settings_free, also after a failure. DN_ERROR_CONFIG names file and line, or
 * the option. */
dn_status dn_serve_settings_read(const dn_serve_settings_source *source,
                                 dn_serve_settings *settings, dn_error *error);
void dn_serve_settings_free(dn_serve_settings *settings);

/* Writes the names of the settings that differ and cannot change while a station runs, between
 * commas; "" if there are none. */
void dn_serve_settings_fixed(const dn_serve_settings *running, const dn_serve_settings *wanted,
                             char *names, size_t size);

/* The part that reads a file's text. */
dn_status dn_serve_settings_read_yaml(const char *name, const char *yaml, size_t size,
                                      dn_serve_settings *settings, dn_error *error);

/* All keys with defaults and comments, as YAML; a static text's lines for documents and tests. NULL
 * past the last. */
const char *dn_serve_settings_key(size_t index, const char **default_value, const char **comment);

#endif
