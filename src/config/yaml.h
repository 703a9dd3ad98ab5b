/* Flat YAML, by libyaml: `key: value` lines whose values are scalars or sequences of scalars.
 * Anything else in YAML (anchors, aliases, tags, nesting, several documents) is refused, with line
 * and column. */
#ifndef DN_CONFIG_YAML_H
#define DN_CONFIG_YAML_H

#include "config/value.h"

/* Passes every pair of a document to `take`, in order; a failure of `take` ends the reading. `line`
 * is the line of the key, counted from 1. */
typedef dn_status dn_yaml_take(void *user, const char *key, const dn_value *value, size_t line,
                               dn_error *error);

dn_status dn_yaml_read_pairs(const char *name, const char *yaml, size_t size, dn_yaml_take *take,
                             void *user, dn_error *error);

/* Reads a single value; messages begin with `name`. Free with dn_value_destroy, also after a
 * failure. */
dn_status dn_yaml_read_value(const char *name, const char *yaml, size_t size, dn_value *value,
                             dn_error *error);

#endif
