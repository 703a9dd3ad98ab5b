#include "config/yaml.h"

#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20 };

typedef struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current event */
    const char *name;
    int has_lines; /* a file: messages name line and column */
    dn_error *error;
} yaml_reader;

static dn_status fail_at(const yaml_reader *reader, yaml_mark_t mark, const char *what,
                         const char *context) {
    char place[64] = "";
    if (reader->has_lines)
        snprintf(place, sizeof place, ":%zu:%zu", mark.line + 1, mark.column + 1);
    return dn_fail(reader->error, DN_ERROR_CONFIG, "%.300s%s: %s%s%s", reader->name, place, what,
                   context ? " " : "", context ? context : "");
}

static dn_status fail_here(const yaml_reader *reader, const char *what) {
    return fail_at(reader, reader->event.start_mark, what, NULL);
}

static dn_status fail_parser(const yaml_reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return dn_fail(reader->error, DN_ERROR_MEMORY, "%.300s: out of memory", reader->name);
    if (parser->error == YAML_READER_ERROR)
        return dn_fail(reader->error, DN_ERROR_CONFIG, "%.300s: byte %zu: %s", reader->name,
                       parser->problem_offset, parser->problem);
    return fail_at(reader, parser->problem_mark, parser->problem, parser->context);
}

static dn_status check_node(const yaml_reader *reader, const yaml_char_t *anchor,
                            const yaml_char_t *tag) {
    if (anchor)
        return fail_here(reader, "anchors are not supported");
    if (tag)
        return fail_here(reader, "tags are not supported");
    return DN_OK;
}

static dn_status advance(yaml_reader *reader) {
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return fail_parser(reader);
    const yaml_event_t *event = &reader->event;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_here(reader, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        return check_node(reader, event->data.scalar.anchor, event->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        return check_node(reader, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return check_node(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    default:
        return DN_OK;
    }
}

static dn_status check_scalar(const yaml_reader *reader, const char *refusal) {
    if (reader->event.type != YAML_SCALAR_EVENT)
        return fail_here(reader, refusal);
    if (memchr(reader->event.data.scalar.value, '\0', reader->event.data.scalar.length))
        return fail_here(reader, "a text with a zero byte");
    return DN_OK;
}

static dn_status take_scalar(yaml_reader *reader, dn_value *value, const char *refusal) {
    DN_TRY(check_scalar(reader, refusal));
    dn_value_add(value, (const char *)reader->event.data.scalar.value,
                 reader->event.data.scalar.length);
    return DN_OK;
}

/* Starts at the first event of the value and stops at its last. */
static dn_status take_value(yaml_reader *reader, dn_value *value) {
    if (reader->event.type != YAML_SEQUENCE_START_EVENT)
        return take_scalar(reader, value, "expected a value or a list of values, found a mapping");
    value->is_sequence = 1;
    DN_TRY(advance(reader));
    while (reader->event.type != YAML_SEQUENCE_END_EVENT) {
        DN_TRY(take_scalar(reader, value, "nested too deep: a list holds plain values only"));
        DN_TRY(advance(reader));
    }
    return DN_OK;
}

static dn_status read_value_of(yaml_reader *reader, const char *key, size_t line,
                               dn_yaml_take *take, void *user) {
    dn_value value = {0};
    dn_status status = advance(reader);
    if (status == DN_OK)
        status = take_value(reader, &value);
    if (status == DN_OK)
        status = take(user, key, &value, line, reader->error);
    dn_value_destroy(&value);
    return status;
}

static dn_status read_pair(yaml_reader *reader, dn_yaml_take *take, void *user) {
    char key[64];
    DN_TRY(check_scalar(reader, "expected a key, found a list or a mapping"));
    if (reader->event.data.scalar.length >= sizeof key)
        return fail_here(reader, "no key is that long");
    memcpy(key, reader->event.data.scalar.value, reader->event.data.scalar.length + 1);
    return read_value_of(reader, key, reader->event.start_mark.line + 1, take, user);
}

static int is_empty_scalar(const yaml_event_t *event) {
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0;
}

static dn_status read_mapping(yaml_reader *reader, dn_yaml_take *take, void *user) {
    if (is_empty_scalar(&reader->event))
        return DN_OK;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return fail_here(reader, "expected lines of the form `key: value`");
    DN_TRY(advance(reader));
    while (reader->event.type != YAML_MAPPING_END_EVENT) {
        DN_TRY(read_pair(reader, take, user));
        DN_TRY(advance(reader));
    }
    return DN_OK;
}

/* Skips to the first node of the document, or to the end of a stream without documents. */
static dn_status begin_document(yaml_reader *reader) {
    DN_TRY(advance(reader)); /* the start of the stream */
    DN_TRY(advance(reader));
    if (reader->event.type == YAML_DOCUMENT_START_EVENT)
        DN_TRY(advance(reader));
    return DN_OK;
}

static dn_status end_document(yaml_reader *reader) {
    DN_TRY(advance(reader)); /* the end of the document */
    DN_TRY(advance(reader));
    if (reader->event.type != YAML_STREAM_END_EVENT)
        return fail_here(reader, "a second document begins; expected one");
    return DN_OK;
}

static dn_status open_reader(yaml_reader *reader, const char *name, int has_lines, const char *yaml,
                             size_t size, dn_error *error) {
    if (size > MAX_BYTES)
        return dn_fail(error, DN_ERROR_CONFIG, "%.300s: has %zu bytes, the limit is %d", name, size,
                       MAX_BYTES);
    if (!yaml_parser_initialize(&reader->parser))
        return dn_fail(error, DN_ERROR_MEMORY, "%.300s: out of memory", name);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)yaml, size);
    reader->name = name;
    reader->has_lines = has_lines;
    reader->error = error;
    return DN_OK;
}

static void close_reader(yaml_reader *reader) {
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

static dn_status read_pairs(yaml_reader *reader, dn_yaml_take *take, void *user) {
    DN_TRY(begin_document(reader));
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return DN_OK;
    DN_TRY(read_mapping(reader, take, user));
    return end_document(reader);
}

dn_status dn_yaml_read_pairs(const char *name, const char *yaml, size_t size, dn_yaml_take *take,
                             void *user, dn_error *error) {
    yaml_reader reader = {0};
    DN_TRY(open_reader(&reader, name, 1, yaml, size, error));
    dn_status status = read_pairs(&reader, take, user);
    close_reader(&reader);
    return status;
}

static dn_status read_value(yaml_reader *reader, dn_value *value) {
    DN_TRY(begin_document(reader));
    if (reader->event.type == YAML_STREAM_END_EVENT) {
        dn_value_add(value, "", 0);
        return DN_OK;
    }
    DN_TRY(take_value(reader, value));
    return end_document(reader);
}

dn_status dn_yaml_read_value(const char *name, const char *yaml, size_t size, dn_value *value,
                             dn_error *error) {
    yaml_reader reader = {0};
    *value = (dn_value){0};
    DN_TRY(open_reader(&reader, name, 0, yaml, size, error));
    dn_status status = read_value(&reader, value);
    close_reader(&reader);
    return status;
}
