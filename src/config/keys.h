/* The table of configuration keys. Parser, defaults, range checks, YAML output, help and man page
 * all walk it; a new key is a field in struct dn_config and a line in keys.c. */
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

typedef struct dn_key {
    dn_config_key key; /* what users see; its comment ends with the range */
    dn_kind kind;
    size_t offset, size; /* of the field in struct dn_config */
    size_t count;        /* items of a sequence; 1: a scalar */
    double low, high;
    dn_open_end open;  /* the end of the range that does not belong to it */
    const char *range; /* for people; of a word also the list of those allowed */
} dn_key;

enum { DN_KEY_COUNT = 49, DN_KEY_ITEMS = 3 /* of the longest sequence */ };

extern const dn_key dn_keys[];

/* NULL when there is none. */
const dn_key *dn_key_find(const char *name);

/* The name most like an unknown one, or NULL when none is near. */
const char *dn_key_nearest(const char *name);

#endif
