#include "classes/record.h"

#include "base/file.h"
#include "base/memory.h"
#include "report/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "differnet-class-1"

enum { MOST_BYTES = 64 << 10 };

const char *const dn_class_state_names[DN_CLASS_STATES] = {"none", "done", "failed"};
const char *const dn_made_names[DN_MADE_FACTS] = {"settings", "pictures", "backbone", "program"};

int dn_made_difference(const dn_made_of *a, const dn_made_of *b) {
    int i = 0;
    while (i < DN_MADE_FACTS && strcmp(a->facts[i], b->facts[i]) == 0)
        i++;
    return i;
}

dn_class_record dn_class_record_none(void) {
    return (dn_class_record){.seconds = NAN, .auroc = {0, NAN, NAN, NAN, NULL}};
}

/* ---- writing ---- */

static void add_auroc(dn_json *json, const dn_class_record *record) {
    const dn_statistic *statistic = &record->auroc;
    cJSON *object = dn_json_object(json, json->root, "image_AUROC");
    dn_json_number(json, object, "value", statistic->defined ? statistic->value : (double)NAN);
    dn_json_number(json, object, "low", statistic->low);
    dn_json_number(json, object, "high", statistic->high);
    dn_json_text(json, object, "reason", statistic->defined ? NULL : record->reason);
}

static dn_status to_json(const dn_class_record *record, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "format", FORMAT);
    dn_json_text(&json, json.root, "state", dn_class_state_names[record->state]);
    dn_json_text(&json, json.root, "results", record->results);
    dn_json_text(&json, json.root, "message", record->message);
    dn_json_number(&json, json.root, "seconds", record->seconds);
    dn_json_count(&json, json.root, "good", record->good);
    dn_json_count(&json, json.root, "defective", record->defective);
    add_auroc(&json, record);
    cJSON *facts = dn_json_object(&json, json.root, "made_of");
    for (int i = 0; i < DN_MADE_FACTS; i++)
        dn_json_text(&json, facts, dn_made_names[i], record->made_of.facts[i]);
    return dn_json_take(&json, 1, text, error);
}

dn_status dn_class_record_write(const char *folder, const dn_class_record *record,
                                dn_error *error) {
    char path[1024], *text;
    DN_TRY(dn_path_join(path, sizeof path, folder, DN_CLASS_RECORD_NAME, error));
    DN_TRY(to_json(record, &text, error));
    dn_status status = dn_file_write(path, text, strlen(text), error);
    dn_text_free(text);
    return status;
}

/* ---- reading ---- */

/* Whether the member is a text that fits. */
static int take_text(const cJSON *object, const char *name, char *text, size_t size) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (!value || strlen(value) >= size)
        return 0;
    memcpy(text, value, strlen(value) + 1);
    dn_flatten(text);
    return 1;
}

/* NaN for null. */
static int take_number(const cJSON *object, const char *name, double *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    *value = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    return (cJSON_IsNumber(item) && isfinite(*value)) || cJSON_IsNull(item);
}

static int take_count(const cJSON *object, const char *name, size_t *count) {
    double value;
    if (!take_number(object, name, &value) || !(value >= 0 && value <= 1e15) ||
        value != floor(value))
        return 0;
    *count = (size_t)value;
    return 1;
}

static int take_state(const cJSON *object, dn_class_state *state) {
    char name[16];
    if (!take_text(object, "state", name, sizeof name))
        return 0;
    for (int i = 0; i < DN_CLASS_STATES; i++)
        if (strcmp(name, dn_class_state_names[i]) == 0)
            *state = (dn_class_state)i;
    return *state != DN_CLASS_NONE;
}

static int is_version(const char *name) {
    return name[0] == 'v' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1);
}

static int take_auroc(const cJSON *root, dn_class_record *record) {
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "image_AUROC");
    dn_statistic *auroc = &record->auroc;
    if (!take_number(object, "value", &auroc->value) || !take_number(object, "low", &auroc->low) ||
        !take_number(object, "high", &auroc->high))
        return 0;
    auroc->defined = auroc->value >= 0 && auroc->value <= 1;
    if (!auroc->defined && !take_text(object, "reason", record->reason, sizeof record->reason))
        snprintf(record->reason, sizeof record->reason, "unknown");
    return auroc->defined || isnan(auroc->value);
}

static int take_made_of(const cJSON *root, dn_made_of *made_of) {
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "made_of");
    int taken = 1;
    for (int i = 0; i < DN_MADE_FACTS; i++)
        taken &= take_text(object, dn_made_names[i], made_of->facts[i], sizeof made_of->facts[i]);
    return taken;
}

static int take_record(const cJSON *root, dn_class_record *record) {
    char format[32];
    return take_text(root, "format", format, sizeof format) && strcmp(format, FORMAT) == 0 &&
           take_state(root, &record->state) &&
           take_text(root, "results", record->results, sizeof record->results) &&
           (record->state == DN_CLASS_FAILED || is_version(record->results)) &&
           take_text(root, "message", record->message, sizeof record->message) &&
           take_number(root, "seconds", &record->seconds) &&
           take_count(root, "good", &record->good) &&
           take_count(root, "defective", &record->defective) && take_auroc(root, record) &&
           take_made_of(root, &record->made_of);
}

int dn_class_record_parse(const char *json, size_t size, dn_class_record *record) {
    *record = (dn_class_record){0};
    cJSON *root = size <= MOST_BYTES ? cJSON_ParseWithLength(json, size) : NULL;
    int taken = root && take_record(root, record);
    cJSON_Delete(root);
    if (!taken)
        *record = dn_class_record_none();
    return taken;
}

void dn_class_record_read(const char *folder, dn_class_record *record) {
    char path[1024];
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (dn_path_join(path, sizeof path, folder, DN_CLASS_RECORD_NAME, NULL) != DN_OK ||
        dn_file_read(path, MOST_BYTES, &bytes, &size, NULL) != DN_OK)
        size = 0;
    dn_class_record_parse(bytes ? (const char *)bytes : "", size, record);
    dn_release(bytes);
}
