/* The value of one key: from YAML scalars into struct dn_config, and back to YAML text. */
#ifndef DN_CONFIG_VALUE_H
#define DN_CONFIG_VALUE_H

#include "base/text.h"
#include "config/keys.h"

/* A scalar, or a sequence of scalars: what was written, before it is parsed as a key's kind. */
typedef struct dn_value {
    dn_text bytes;              /* the scalars, each with its terminating zero */
    size_t begin[DN_KEY_ITEMS]; /* where the first ones start in `bytes` */
    size_t count;               /* of all scalars, even those that are not kept */
    int is_sequence;
} dn_value;

void dn_value_add(dn_value *value, const char *scalar, size_t length);
void dn_value_destroy(dn_value *value);

/* Adds plain text, as from a command line. DN_KIND_TEXT takes it whole; other kinds lose the blanks
 * around it; a sequence is split at its commas. */
void dn_value_add_text(dn_value *value, const dn_key *key, const char *text);

#define DN_EXCERPT_SIZE 88

/* A scalar for messages: on one line, and cut if it is long. */
void dn_value_excerpt(char excerpt[DN_EXCERPT_SIZE], const char *scalar);

/* Checks kind, number of items and range, then writes the field. `where` precedes messages
 * ("config.yaml:3: ", or ""). */
dn_status dn_value_store(const dn_value *value, const dn_key *key, const char *where,
                         struct dn_config *config, dn_error *error);

/* Whether two configurations have the same value of a key. */
int dn_value_equal(const struct dn_config *a, const struct dn_config *b, const dn_key *key);

/* Appends the field as YAML text. */
void dn_value_print(dn_text *text, const struct dn_config *config, const dn_key *key);

#endif
