/* The table of configuration keys. Parser, defaults, range checks, YAML output, help and man page
 * all read it. A new key is a field in struct dn_config and a line in keys.c. */
#ifndef DN_CONFIG_KEYS_H
#define DN_CONFIG_KEYS_H

#include "config/config.h"

typedef enum dn_kind {
    DN_KIND_BOOLEAN, /* int, 0 or 1 */
    DN_KIND_INTEGER, /* int, low to high */
    DN_KIND_SEED,    /* uint64_t, all values */
    DN_KIND_REAL,    /* double, low to high, finite */
    DN_KIND_TEXT,    /* char[], at least `low` bytes */
    DN_KIND_WORD     /* char[], one of `range` */
} dn_kind;

typedef enum dn_open_end { DN_CLOSED, DN_OPEN_LOW, DN_OPEN_HIGH } dn_open_end;

/* What a key's value belongs to. Two trainings that differ only in keys of the run give the same
 * model, byte for byte. */
typedef enum dn_key_scope {
    DN_KEY_OF_MODEL, /* the model's numbers depend on it: stored in the model file */
    DN_KEY_OF_RUN    /* paths, output, speed: stored in config.yaml only */
} dn_key_scope;

typedef struct dn_key {
    dn_config_key key; /* what users see; the comment ends with the range */
    dn_key_scope scope;
    dn_kind kind;
    size_t offset, size; /* of the field in struct dn_config */
    size_t count;        /* items of a sequence; 1: a scalar */
    double low, high;
    dn_open_end open;  /* which end of the range is excluded */
    const char *range; /* for messages; for a word also the list of allowed values */
} dn_key;

enum { DN_KEY_COUNT = 67, DN_KEY_ITEMS = 3 /* of the longest sequence */ };

extern const dn_key dn_keys[];

/* NULL if there is no such key. */
const dn_key *dn_key_find(const char *name);

/* Whether the field is a char array: DN_KIND_TEXT or DN_KIND_WORD. */
int dn_key_is_text(const dn_key *key);

/* As dn_nearest_name, of all keys. */
const char *dn_key_nearest(const char *name);

#endif
