#include "station/config/station_yaml.h"

#include "station/base/text.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20, KEY_SIZE = 64 };

typedef struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    const char *name;
    dn_station_take *take;
    void *user;
    dn_error *error;
} reader;

static dn_status fail_at(const reader *self, yaml_mark_t mark, const char *what) {
    return dn_station_fail(self->error, DN_ERROR_CONFIG, "%.300s:%zu:%zu: %.300s", self->name,
                           mark.line + 1, mark.column + 1, what);
}

static dn_status fail_here(const reader *self, const char *what) {
    return fail_at(self, self->event.start_mark, what);
}

static dn_status advance(reader *self) {
    yaml_event_delete(&self->event);
    if (!yaml_parser_parse(&self->parser, &self->event))
        return fail_at(self, self->parser.problem_mark,
                       self->parser.problem ? self->parser.problem : "is not valid YAML");
    const yaml_event_t *event = &self->event;
    int decorated = event->type == YAML_ALIAS_EVENT ||
                    (event->type == YAML_SCALAR_EVENT &&
                     (event->data.scalar.anchor || event->data.scalar.tag)) ||
                    (event->type == YAML_SEQUENCE_START_EVENT &&
                     (event->data.sequence_start.anchor || event->data.sequence_start.tag)) ||
                    (event->type == YAML_MAPPING_START_EVENT &&
                     (event->data.mapping_start.anchor || event->data.mapping_start.tag));
    return decorated ? fail_here(self, "anchors, aliases and tags are not supported") : DN_OK;
}

static dn_status check_scalar(const reader *self, const char *refusal) {
    if (self->event.type != YAML_SCALAR_EVENT)
        return fail_here(self, refusal);
    if (memchr(self->event.data.scalar.value, '\0', self->event.data.scalar.length))
        return fail_here(self, "a text with a zero byte");
    return DN_OK;
}

static dn_status take_key(reader *self, char key[KEY_SIZE]) {
    dn_status status = check_scalar(self, "expected a key");
    if (status != DN_OK)
        return status;
    if (self->event.data.scalar.length >= KEY_SIZE)
        return fail_here(self, "no key is that long");
    memcpy(key, self->event.data.scalar.value, self->event.data.scalar.length + 1);
    return advance(self);
}

static dn_status take_scalar(reader *self, const char *list, size_t index, const char *key) {
    dn_status status = check_scalar(self, "nested too deep: expected a plain value");
    if (status != DN_OK)
        return status;
    const dn_station_pair pair = {.list = list,
                                  .key = key,
                                  .value = (const char *)self->event.data.scalar.value,
                                  .index = index,
                                  .line = self->event.start_mark.line + 1};
    return self->take(self->user, &pair, self->error);
}

static dn_status take_small_mapping(reader *self, const char *list, size_t index) {
    char key[KEY_SIZE];
    dn_status status = advance(self);
    while (status == DN_OK && self->event.type != YAML_MAPPING_END_EVENT) {
        status = take_key(self, key);
        if (status == DN_OK)
            status = take_scalar(self, list, index, key);
        if (status == DN_OK)
            status = advance(self);
    }
    return status;
}

static dn_status take_list(reader *self, const char *list) {
    dn_status status = advance(self);
    for (size_t i = 0; status == DN_OK && self->event.type != YAML_SEQUENCE_END_EVENT; i++) {
        status = self->event.type == YAML_MAPPING_START_EVENT ? take_small_mapping(self, list, i)
                                                              : take_scalar(self, list, i, NULL);
        if (status == DN_OK)
            status = advance(self);
    }
    return status;
}

static dn_status take_pairs(reader *self) {
    char key[KEY_SIZE];
    dn_status status = advance(self);
    while (status == DN_OK && self->event.type != YAML_MAPPING_END_EVENT) {
        status = take_key(self, key);
        if (status == DN_OK)
            status = self->event.type == YAML_SEQUENCE_START_EVENT
                         ? take_list(self, key)
                         : take_scalar(self, NULL, 0, key);
        if (status == DN_OK)
            status = advance(self);
    }
    return status;
}

static dn_status read_document(reader *self) {
    dn_status status = advance(self); /* the start of the stream */
    if (status == DN_OK)
        status = advance(self);
    if (status == DN_OK && self->event.type == YAML_STREAM_END_EVENT)
        return DN_OK;
    if (status == DN_OK)
        status = advance(self);
    if (status == DN_OK && self->event.type != YAML_MAPPING_START_EVENT)
        return fail_here(self, "expected lines of the form `key: value`");
    if (status == DN_OK)
        status = take_pairs(self);
    if (status == DN_OK)
        status = advance(self); /* the end of the document */
    if (status == DN_OK)
        status = advance(self);
    if (status == DN_OK && self->event.type != YAML_STREAM_END_EVENT)
        return fail_here(self, "a second document begins; expected one");
    return status;
}

dn_status dn_station_yaml_read(const char *name, const char *yaml, size_t size,
                               dn_station_take *take, void *user, dn_error *error) {
    reader self = {.name = name, .take = take, .user = user, .error = error};
    if (size > MAX_BYTES)
        return dn_station_fail(error, DN_ERROR_CONFIG, "%.300s: has %zu bytes, the limit is %d",
                               name, size, MAX_BYTES);
    if (!yaml_parser_initialize(&self.parser))
        return dn_station_fail(error, DN_ERROR_MEMORY, "%.300s: out of memory", name);
    yaml_parser_set_input_string(&self.parser, (const unsigned char *)yaml, size);
    dn_status status = read_document(&self);
    yaml_event_delete(&self.event);
    yaml_parser_delete(&self.parser);
    return status;
}
