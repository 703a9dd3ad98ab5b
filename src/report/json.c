#include "report/json.h"

#include "base/memory.h"
#include "config/number.h"
#include "report/utf8.h"

#include <math.h>

dn_json dn_json_begin(void) {
    cJSON *root = cJSON_CreateObject();
    return (dn_json){.root = root, .failed = !root};
}

static cJSON *add(dn_json *json, cJSON *object, const char *name, cJSON *item) {
    if (item && object && cJSON_AddItemToObject(object, name, item))
        return item;
    cJSON_Delete(item);
    json->failed = 1;
    return NULL;
}

cJSON *dn_json_object(dn_json *json, cJSON *object, const char *name) {
    return add(json, object, name, cJSON_CreateObject());
}

cJSON *dn_json_array(dn_json *json, cJSON *object, const char *name) {
    return add(json, object, name, cJSON_CreateArray());
}

cJSON *dn_json_item(dn_json *json, cJSON *array) {
    cJSON *item = cJSON_CreateObject();
    if (item && array && cJSON_AddItemToArray(array, item))
        return item;
    cJSON_Delete(item);
    json->failed = 1;
    return NULL;
}

void dn_json_item_text(dn_json *json, cJSON *array, const char *text) {
    cJSON *item = cJSON_CreateString(text);
    if (item && array && cJSON_AddItemToArray(array, item))
        return;
    cJSON_Delete(item);
    json->failed = 1;
}

/* cJSON's own printing does not always give the same double back. */
void dn_json_number(dn_json *json, cJSON *object, const char *name, double value) {
    char text[DN_NUMBER_SIZE] = "null";
    if (isfinite(value))
        dn_number_print(text, value);
    add(json, object, name, cJSON_CreateRaw(text));
}

void dn_json_count(dn_json *json, cJSON *object, const char *name, size_t value) {
    dn_json_number(json, object, name, (double)value);
}

void dn_json_flag(dn_json *json, cJSON *object, const char *name, int value) {
    add(json, object, name, cJSON_CreateBool(value));
}

void dn_json_text(dn_json *json, cJSON *object, const char *name, const char *value) {
    dn_text clean = {0};
    char *text = NULL;
    if (!value) {
        add(json, object, name, cJSON_CreateNull());
        return;
    }
    dn_utf8_append(&clean, value);
    if (dn_text_take(&clean, &text, NULL) == DN_OK)
        add(json, object, name, cJSON_CreateString(text));
    else
        json->failed = 1;
    dn_text_free(text);
}

dn_status dn_json_take(dn_json *json, int indented, char **text, dn_error *error) {
    dn_status status = DN_ERROR_MEMORY;
    char *printed = NULL;
    *text = NULL;
    if (!json->failed)
        printed = indented ? cJSON_Print(json->root) : cJSON_PrintUnformatted(json->root);
    cJSON_Delete(json->root);
    *json = (dn_json){0};
    if (!printed)
        return dn_fail(error, status, "out of memory while writing JSON");
    status = dn_copy_text(text, printed, error);
    cJSON_free(printed);
    return status;
}
