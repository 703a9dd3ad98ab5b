/* The station's YAML: `key: value`, `key: [value, ...]`, and lists of small mappings
 *
 *     models:
 *       - name: screws
 *         path: screws/model.safetensors
 *
 * Anchors, aliases, tags, deeper nesting and further documents are refused, with line and column.
 */
#ifndef DN_STATION_CONFIG_YAML_H
#define DN_STATION_CONFIG_YAML_H

#include "differnet.h"

/* One value. `list` is NULL for `key: value`; in a list it is the list's key, `index` counts from 0
 * and `key` is NULL for a plain value. A failure ends the reading. */
typedef struct dn_station_pair {
    const char *list, *key, *value;
    size_t index, line;
} dn_station_pair;
typedef dn_status dn_station_take(void *user, const dn_station_pair *pair, dn_error *error);

/* `name` begins the messages. DN_ERROR_CONFIG: not such a file. */
dn_status dn_station_yaml_read(const char *name, const char *yaml, size_t size,
                               dn_station_take *take, void *user, dn_error *error);

#endif
