/* Building JSON with cJSON. A failed allocation is remembered and reported once, at the end. */
#ifndef DN_REPORT_JSON_H
#define DN_REPORT_JSON_H

#include "base/error.h"

#include <cJSON.h>

typedef struct dn_json {
    cJSON *root;
    int failed;
} dn_json;

/* Starts with an object as root; dn_json_take ends it. */
dn_json dn_json_begin(void);

/* Each adds a member to `object`, which may be NULL after a failure. */
cJSON *dn_json_object(dn_json *json, cJSON *object, const char *name);
cJSON *dn_json_array(dn_json *json, cJSON *object, const char *name);
void dn_json_number(dn_json *json, cJSON *object, const char *name, double value);
void dn_json_count(dn_json *json, cJSON *object, const char *name, size_t value);
void dn_json_flag(dn_json *json, cJSON *object, const char *name, int value);
void dn_json_text(dn_json *json, cJSON *object, const char *name, const char *value);

/* Adds an object, or a text of UTF-8, to an array. */
cJSON *dn_json_item(dn_json *json, cJSON *array);
void dn_json_item_text(dn_json *json, cJSON *array, const char *text);

/* The text on one line, or indented; freed with dn_text_free. Releases the tree. */
dn_status dn_json_take(dn_json *json, int indented, char **text, dn_error *error);

#endif
