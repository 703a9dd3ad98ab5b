#include "station/config/settings.h"

#include "differnet_tools.h"
#include "station/base/text.h"
#include "station/config/check.h"
#include "station/config/station_yaml.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum value_kind { TEXT, COUNT, REAL, KEEP, NAME } value_kind;

typedef struct setting {
    const char *name, *default_value;
    value_kind kind;
    size_t offset;
    double least, most;
    const char *comment;
} setting;

#define AT(member) offsetof(dn_serve_settings, member)
#define OF(member) offsetof(dn_served_model, member)

static const setting station_keys[] = {
    {"listen", "127.0.0.1:8080", TEXT, AT(listen), 0, 0, "address and port; off loopback with TLS"},
    {"tls_cert", "", TEXT, AT(tls_cert), 0, 0, "PEM file of the certificate and its chain"},
    {"tls_key", "", TEXT, AT(tls_key), 0, 0, "PEM file of its key"},
    {"token_file", "", TEXT, AT(token_file), 0, 0, "lines of ROLE TOKEN; mode 0600"},
    {"archive", "", TEXT, AT(archive), 0, 0, "folder of the archive; empty: nothing is kept"},
    {"sink_rows", "100000", COUNT, AT(sink_rows), 1, 1e9, "rows that may wait for a sink"},
    {"workers", "2", COUNT, AT(workers), 1, 256,
     "threads that write files and rows of scored pictures"},
    {"threads", "0", COUNT, AT(threads), 0, 1024, "of each score; 0: all processors"},
    {"queue", "64", COUNT, AT(queue), 1, 65536, "pictures that may wait; one more is answered 503"},
    {"connections", "64", COUNT, AT(connections), 1, 10000, "at once"},
    {"connections_per_address", "16", COUNT, AT(connections_per_address), 1, 10000, "at once"},
    {"token_failures", "10", COUNT, AT(token_failures), 1, 1e9,
     "wrong tokens of an address in a minute; then it is locked"},
    {"body_mib", "64", COUNT, AT(body_mib), 1, 1024, "largest body of a request"},
    {"megapixels", "64", COUNT, AT(megapixels), 1, 178, "largest picture"},
    {"memory_mib", "512", COUNT, AT(memory_mib), 1, 1 << 20, "for all bodies together"},
    {"idle_seconds", "15", COUNT, AT(idle_seconds), 1, 3600, "until all headers are there"},
    {"request_seconds", "60", COUNT, AT(request_seconds), 1, 3600,
     "to send a body or take an answer"},
    {"connection_seconds", "3600", COUNT, AT(connection_seconds), 1, 1 << 20,
     "age of a connection"},
    {"drain_seconds", "30", COUNT, AT(drain_seconds), 0, 3600, "to finish what waits at the end"},
    {"keep_pictures", "all", KEEP, AT(keep_pictures), 0, 0, "all, not_pass or none"},
    {"keep_maps", "not_pass", KEEP, AT(keep_maps), 0, 0, "all, not_pass or none"},
    {"keep_overlays", "none", KEEP, AT(keep_overlays), 0, 0, "all, not_pass or none"},
    {"keep_days", "0", COUNT, AT(keep_days), 0, 100000, "of pictures and maps; 0: no limit"},
    {"keep_gigabytes", "0", REAL, AT(keep_gigabytes), 0, 1e9, "of pictures and maps; 0: no limit"},
};

static const setting model_keys[] = {
    {"name", NULL, NAME, OF(name), 0, 0, NULL},
    {"path", NULL, TEXT, OF(path), 0, 0, NULL},
    {"precision", NULL, TEXT, OF(precision), 0, 0, NULL},
    {"threshold", NULL, REAL, OF(threshold), 0, 1e300, NULL},
    {"false_reject_rate", NULL, REAL, OF(false_reject_rate), 0, 1, NULL},
    {"review_rate", NULL, REAL, OF(review_rate), -1, 1, NULL},
    {"early_exit", NULL, REAL, OF(early_exit), 0, 0.999999999, NULL},
    {"rotations", NULL, COUNT, OF(rotations), 0, 1024, NULL},
};

#define WATCH(member) offsetof(dn_serve_watch, member)
static const setting watch_keys[] = {
    {"folder", NULL, TEXT, WATCH(folder), 0, 0, NULL},
    {"model", NULL, NAME, WATCH(model), 0, 0, NULL},
    {"move_to", NULL, TEXT, WATCH(move_to), 0, 0, NULL},
    {"settle", NULL, REAL, WATCH(settle), 0, 86400, NULL},
    {"poll", NULL, REAL, WATCH(poll), 0, 86400, NULL},
    {"give_up", NULL, REAL, WATCH(give_up), 0, 86400, NULL},
};

#define IN(member) offsetof(dn_serve_sink, member)
static const setting sink_keys[] = {
    {"name", NULL, NAME, IN(name), 0, 0, NULL},
    {"url", NULL, TEXT, IN(url), 0, 0, NULL},
    {"token_file", NULL, TEXT, IN(token_file), 0, 0, NULL},
    {"ca_file", NULL, TEXT, IN(ca_file), 0, 0, NULL},
    {"host", NULL, TEXT, IN(host), 0, 0, NULL},
    {"port", NULL, COUNT, IN(port), 1, 65535, NULL},
    {"topic", NULL, TEXT, IN(topic), 0, 0, NULL},
    {"client_id", NULL, TEXT, IN(client_id), 0, 0, NULL},
    {"user", NULL, TEXT, IN(user), 0, 0, NULL},
    {"password_file", NULL, TEXT, IN(password_file), 0, 0, NULL},
};

enum {
    SINK_KEYS = sizeof sink_keys / sizeof *sink_keys,
    MOST_SINKS = 16,
    WATCH_KEYS = sizeof watch_keys / sizeof *watch_keys,
    MOST_WATCHES = 16,
    STATION_KEYS = sizeof station_keys / sizeof *station_keys,
    MODEL_KEYS = sizeof model_keys / sizeof *model_keys,
    MOST_MODELS = 256,
    MOST_HOSTS = 64
};

const char *dn_serve_settings_key(size_t index, const char **default_value, const char **comment) {
    if (index >= STATION_KEYS)
        return NULL;
    *default_value = station_keys[index].default_value;
    *comment = station_keys[index].comment;
    return station_keys[index].name;
}

/* ---- values ---- */

static dn_status set_text(char **place, const char *value, dn_error *error) {
    char *copy = dn_station_copy(value, strlen(value));
    if (!copy)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    free(*place);
    *place = copy;
    return DN_OK;
}

static dn_status set_number(const setting *key, char *place, const char *value, dn_error *error) {
    char *end;
    double number = strtod(value, &end);
    int whole = key->kind == COUNT;
    if (end == value || *end || !(number >= key->least && number <= key->most) ||
        (whole && number != (double)(int)number))
        return dn_station_fail(error, DN_ERROR_CONFIG, "%s: \"%.80s\": expected %s from %g to %g",
                               key->name, value, whole ? "a whole number" : "a number", key->least,
                               key->most);
    if (whole)
        *(int *)(void *)place = (int)number;
    else
        *(double *)(void *)place = number;
    return DN_OK;
}

static dn_status set_keep(const setting *key, char *place, const char *value, dn_error *error) {
    static const char *const names[] = {"none", "not_pass", "all"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            *(int *)(void *)place = i;
            return DN_OK;
        }
    return dn_station_fail(error, DN_ERROR_CONFIG, "%s: \"%.80s\": expected all, not_pass or none",
                           key->name, value);
}

static dn_status set_value(const setting *key, void *object, const char *value, dn_error *error) {
    char *place = (char *)object + key->offset;
    switch (key->kind) {
    case COUNT:
    case REAL:
        return set_number(key, place, value, error);
    case KEEP:
        return set_keep(key, place, value, error);
    case NAME:
        if (!dn_is_station_name(value))
            return dn_station_fail(error, DN_ERROR_CONFIG,
                                   "name: \"%.80s\": expected 1 to 64 of A-Z a-z 0-9 . _ -", value);
        return set_text((char **)(void *)place, value, error);
    default:
        return set_text((char **)(void *)place, value, error);
    }
}

static dn_status set_by_name(const setting *keys, size_t count, void *object, const char *name,
                             const char *value, dn_error *error) {
    const char *names[STATION_KEYS];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return set_value(&keys[i], object, value, error);
        names[i] = keys[i].name;
    }
    const char *nearest = dn_nearest_name(name, names, count);
    return dn_station_fail(error, DN_ERROR_CONFIG, "unknown key \"%.40s\"%s%s%s", name,
                           nearest ? ": did you mean \"" : "", nearest ? nearest : "",
                           nearest ? "\"?" : "");
}

/* ---- lists ---- */

static dn_status add_model(dn_serve_settings *self, dn_error *error) {
    if (self->model_count >= MOST_MODELS)
        return dn_station_fail(error, DN_ERROR_CONFIG, "more than %d models", MOST_MODELS);
    dn_served_model *models = realloc(self->models, (self->model_count + 1) * sizeof *models);
    if (!models)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->models = models;
    models[self->model_count++] = (dn_served_model){0};
    return DN_OK;
}

static dn_status add_sink(dn_serve_settings *self, dn_error *error) {
    if (self->sink_count >= MOST_SINKS)
        return dn_station_fail(error, DN_ERROR_CONFIG, "more than %d sinks", MOST_SINKS);
    dn_serve_sink *sinks = realloc(self->sinks, (self->sink_count + 1) * sizeof *sinks);
    if (!sinks)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->sinks = sinks;
    sinks[self->sink_count++] = (dn_serve_sink){0};
    return DN_OK;
}

/* As `predict --watch`. */
static dn_status add_watch(dn_serve_settings *self, dn_error *error) {
    if (self->watch_count >= MOST_WATCHES)
        return dn_station_fail(error, DN_ERROR_CONFIG, "more than %d watched folders",
                               MOST_WATCHES);
    dn_serve_watch *watches = realloc(self->watches, (self->watch_count + 1) * sizeof *watches);
    if (!watches)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->watches = watches;
    watches[self->watch_count++] = (dn_serve_watch){.settle = 1, .poll = 1, .give_up = 10};
    return DN_OK;
}

static dn_status add_host(dn_serve_settings *self, const char *host, dn_error *error) {
    if (self->hosts.count >= MOST_HOSTS)
        return dn_station_fail(error, DN_ERROR_CONFIG, "more than %d hosts", MOST_HOSTS);
    char **texts = realloc(self->hosts.texts, (self->hosts.count + 1) * sizeof *texts);
    if (!texts)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->hosts.texts = texts;
    texts[self->hosts.count] = NULL;
    dn_status status = set_text(&texts[self->hosts.count], host, error);
    self->hosts.count += status == DN_OK;
    return status;
}

/* ---- the file ---- */

typedef struct file_reader {
    dn_serve_settings *settings;
    const char *name;
} file_reader;

/* A list of mappings: its keys, where its last object lies, and how one is added. */
typedef struct list {
    const char *name;
    const setting *keys;
    size_t key_count, count;
    dn_status (*add)(dn_serve_settings *settings, dn_error *error);
} list;

static void *last_of(dn_serve_settings *settings, const char *name) {
    if (strcmp(name, "models") == 0)
        return &settings->models[settings->model_count - 1];
    if (strcmp(name, "sinks") == 0)
        return &settings->sinks[settings->sink_count - 1];
    return &settings->watches[settings->watch_count - 1];
}

static dn_status take_in_list(dn_serve_settings *settings, const dn_station_pair *pair,
                              dn_error *error) {
    const list lists[] = {{"models", model_keys, MODEL_KEYS, settings->model_count, add_model},
                          {"sinks", sink_keys, SINK_KEYS, settings->sink_count, add_sink},
                          {"watches", watch_keys, WATCH_KEYS, settings->watch_count, add_watch}};
    for (size_t i = 0; pair->key && i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(pair->list, lists[i].name) != 0)
            continue;
        dn_status status = pair->index >= lists[i].count ? lists[i].add(settings, error) : DN_OK;
        return status == DN_OK
                   ? set_by_name(lists[i].keys, lists[i].key_count, last_of(settings, pair->list),
                                 pair->key, pair->value, error)
                   : status;
    }
    return dn_station_fail(error, DN_ERROR_CONFIG,
                           "\"%.40s\" is not a list%s: expected models, watches, sinks or hosts",
                           pair->list, pair->key ? " of mappings" : " of values");
}

static dn_status take(const file_reader *self, const dn_station_pair *pair, dn_error *error) {
    dn_serve_settings *settings = self->settings;
    if (!pair->list)
        return set_by_name(station_keys, STATION_KEYS, settings, pair->key, pair->value, error);
    if (strcmp(pair->list, "hosts") == 0 && !pair->key)
        return add_host(settings, pair->value, error);
    return take_in_list(settings, pair, error);
}

static dn_status take_with_place(void *user, const dn_station_pair *pair, dn_error *error) {
    const file_reader *self = user;
    dn_error found;
    dn_status status = take(self, pair, &found);
    return status == DN_OK ? DN_OK
                           : dn_station_fail(error, status, "%.300s:%zu: %.600s", self->name,
                                             pair->line, found.message);
}

dn_status dn_serve_settings_read_yaml(const char *name, const char *yaml, size_t size,
                                      dn_serve_settings *settings, dn_error *error) {
    file_reader reader = {settings, name};
    return dn_station_yaml_read(name, yaml, size, take_with_place, &reader, error);
}

static dn_status read_file(const char *path, dn_serve_settings *settings, dn_error *error) {
    enum { LIMIT = (1 << 20) + 1 };
    char *text = malloc(LIMIT);
    FILE *stream = text ? fopen(path, "re") : NULL;
    dn_status status;
    if (!text)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    if (stream) {
        size_t size = fread(text, 1, LIMIT, stream);
        status = ferror(stream) ? dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot read", path)
                                : dn_serve_settings_read_yaml(path, text, size, settings, error);
        fclose(stream);
    } else
        status = dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot open", path);
    free(text);
    return status;
}

/* ---- the command line ---- */

/* "…/screws/v3/model.safetensors" and "…/screws/v3" are screws, "…/screws.safetensors" as well. */
static void name_of_path(const char *path, char name[65]) {
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(copy);
        while (length > 1 && copy[length - 1] == '/')
            copy[--length] = '\0';
        char *last = strrchr(copy, '/');
        const char *part = last ? last + 1 : copy;
        int is_version = part[0] == 'v' && part[1] && !part[1 + strspn(part + 1, "0123456789")];
        if (!last || (!is_version && strcmp(part, "model.safetensors") != 0))
            break;
        *last = '\0';
    }
    const char *last = strrchr(copy, '/');
    snprintf(name, 65, "%.64s", last ? last + 1 : copy);
    char *extension = strstr(name, ".safetensors");
    if (extension && !extension[12] && extension > name)
        *extension = '\0';
    for (char *at = name; *at; at++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *at))
            *at = '_';
}

/* Length of NAME in NAME=PATH; 0: there is none. A path may hold "=", a name cannot hold "/". */
static size_t name_length(const char *text) {
    const char *equals = strchr(text, '=');
    int has_name = equals && equals > text && !memchr(text, '/', (size_t)(equals - text)) &&
                   access(text, F_OK) != 0;
    return has_name ? (size_t)(equals - text) : 0;
}

static dn_status take_operand(dn_serve_settings *self, const char *operand, dn_error *error) {
    char name[65];
    size_t length = name_length(operand);
    dn_status status = add_model(self, error);
    if (status != DN_OK)
        return status;
    dn_served_model *model = &self->models[self->model_count - 1];
    name_of_path(operand, name);
    if (length > 0)
        snprintf(name, sizeof name, "%.*s", (int)length, operand);
    status = set_by_name(model_keys, MODEL_KEYS, model, "name", name, error);
    return status == DN_OK ? set_text(&model->path, operand + (length ? length + 1 : 0), error)
                           : status;
}

static dn_status take_watch(dn_serve_settings *self, const char *word, dn_error *error) {
    char name[128];
    size_t length = name_length(word);
    dn_status status = add_watch(self, error);
    if (status != DN_OK)
        return status;
    dn_serve_watch *watch = &self->watches[self->watch_count - 1];
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    if (length > 0)
        status = set_by_name(watch_keys, WATCH_KEYS, watch, "model", name, error);
    return status == DN_OK ? set_text(&watch->folder, word + (length ? length + 1 : 0), error)
                           : status;
}

static dn_status take_pair(dn_serve_settings *self, const char *pair, dn_error *error) {
    char key[64];
    const char *equals = strchr(pair, '=');
    size_t length = equals ? (size_t)(equals - pair) : 0;
    if (length == 0 || length >= sizeof key)
        return dn_station_fail(error, DN_ERROR_CONFIG, "\"%.80s\": expected KEY=VALUE", pair);
    memcpy(key, pair, length);
    key[length] = '\0';
    return set_by_name(station_keys, STATION_KEYS, self, key, equals + 1, error);
}

/* ---- all of it ---- */

dn_status dn_serve_settings_read(const dn_serve_settings_source *source,
                                 dn_serve_settings *settings, dn_error *error) {
    dn_status status = DN_OK;
    *settings = (dn_serve_settings){0};
    for (size_t i = 0; status == DN_OK && i < STATION_KEYS; i++)
        status = set_value(&station_keys[i], settings, station_keys[i].default_value, error);
    if (status == DN_OK && source->file)
        status = read_file(source->file, settings, error);
    for (size_t i = 0; status == DN_OK && i < source->pair_count; i++)
        status = take_pair(settings, source->pairs[i], error);
    for (size_t i = 0; status == DN_OK && i < source->model_count; i++)
        status = take_operand(settings, source->models[i], error);
    for (size_t i = 0; status == DN_OK && i < source->watch_count; i++)
        status = take_watch(settings, source->watches[i], error);
    return status == DN_OK ? dn_serve_settings_check(settings, error) : status;
}

/* ---- the end, and what may change before it ---- */

static void free_texts(const setting *keys, size_t count, void *object) {
    for (size_t i = 0; i < count; i++)
        if (keys[i].kind == TEXT || keys[i].kind == NAME)
            free(*(char **)(void *)((char *)object + keys[i].offset));
}

void dn_serve_settings_free(dn_serve_settings *settings) {
    free_texts(station_keys, STATION_KEYS, settings);
    for (size_t i = 0; i < settings->model_count; i++)
        free_texts(model_keys, MODEL_KEYS, &settings->models[i]);
    for (size_t i = 0; i < settings->sink_count; i++)
        free_texts(sink_keys, SINK_KEYS, &settings->sinks[i]);
    for (size_t i = 0; i < settings->watch_count; i++)
        free_texts(watch_keys, WATCH_KEYS, &settings->watches[i]);
    for (size_t i = 0; i < settings->hosts.count; i++)
        free(settings->hosts.texts[i]);
    free(settings->watches);
    free(settings->sinks);
    free(settings->models);
    free(settings->hosts.texts);
    *settings = (dn_serve_settings){0};
}

static int same_value(const setting *key, const void *left, const void *right) {
    const char *a = (const char *)left + key->offset, *b = (const char *)right + key->offset;
    if (key->kind == COUNT || key->kind == KEEP)
        return *(const int *)(const void *)a == *(const int *)(const void *)b;
    if (key->kind == REAL)
        return *(const double *)(const void *)a == *(const double *)(const void *)b;
    const char *one = *(char *const *)(const void *)a, *other = *(char *const *)(const void *)b;
    return one == other || (one && other && strcmp(one, other) == 0);
}

static int same_watches(const dn_serve_settings *left, const dn_serve_settings *right) {
    int same = left->watch_count == right->watch_count;
    for (size_t i = 0; same && i < left->watch_count; i++)
        for (size_t k = 0; k < WATCH_KEYS; k++)
            same &= same_value(&watch_keys[k], &left->watches[i], &right->watches[i]);
    return same;
}

static void add_name(char *names, size_t size, const char *name) {
    size_t length = strlen(names);
    snprintf(names + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

void dn_serve_settings_fixed(const dn_serve_settings *running, const dn_serve_settings *wanted,
                             char *names, size_t size) {
    static const char *const fixed[] = {
        "listen",  "tls_cert", "tls_key",     "archive",
        "workers", "threads",  "connections", "connections_per_address"};
    *names = '\0';
    for (size_t i = 0; i < STATION_KEYS; i++)
        for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
            if (strcmp(station_keys[i].name, fixed[k]) == 0 &&
                !same_value(&station_keys[i], running, wanted))
                add_name(names, size, fixed[k]);
    if (!*running->token_file != !*wanted->token_file)
        add_name(names, size, "token_file");
    if (!same_watches(running, wanted))
        add_name(names, size, "watches");
}
