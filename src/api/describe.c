/* What a model or weights file holds: its metadata and its tensors. */
#include "backbone/embedded.h"
#include "base/text.h"
#include "detect/detector.h"

#include <cJSON.h>
#include <string.h>

static size_t total_elements(const dn_tensor_file *file) {
    size_t total = 0;
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        total += dn_tensor_elements(dn_tensor_file_at(file, i));
    return total;
}

static const char *kind_of(const dn_tensor_file *file) {
    const char *format = dn_tensor_file_metadata(file, DN_META_FORMAT);
    if (format && strcmp(format, DN_MODEL_FORMAT) == 0)
        return "DifferNet model";
    return "weights";
}

static void append_tensor(dn_text *text, const dn_tensor *tensor) {
    dn_text_append(text, "  %-44s %-5s [", tensor->name, dn_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        dn_text_append(text, "%s%zu", i ? ", " : "", tensor->shape[i]);
    dn_text_append(text, "]\n");
}

/* A value of several lines, such as the configuration, is indented under its key. */
static void append_metadata(dn_text *text, const char *key, const char *value) {
    if (!strchr(value, '\n')) {
        dn_text_append(text, "%-18s %s\n", key, value);
        return;
    }
    dn_text_append(text, "%s\n", key);
    while (*value) {
        size_t length = strcspn(value, "\n");
        if (length > 0)
            dn_text_append(text, "  %.*s\n", (int)length, value);
        value += length + (value[length] == '\n');
    }
}

static void describe_text(const dn_tensor_file *file, dn_text *text) {
    const char *key, *value;
    dn_text_append(text, "%-18s %s (%s)\n", "kind", kind_of(file), dn_tensor_file_format(file));
    dn_text_append(text, "%-18s %zu in %zu tensors\n", "parameters", total_elements(file),
                   dn_tensor_file_count(file));
    for (size_t i = 0; dn_tensor_file_metadata_at(file, i, &key, &value); i++)
        append_metadata(text, key, value);
    dn_text_append(text, "tensors\n");
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        append_tensor(text, dn_tensor_file_at(file, i));
}

static cJSON *tensor_json(const dn_tensor *tensor) {
    cJSON *object = cJSON_CreateObject();
    cJSON *shape = cJSON_CreateArray();
    cJSON_AddStringToObject(object, "name", tensor->name);
    cJSON_AddStringToObject(object, "dtype", dn_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensor->shape[i]));
    cJSON_AddItemToObject(object, "shape", shape);
    return object;
}

static void describe_json(const dn_tensor_file *file, dn_text *text) {
    const char *key, *value;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "kind", kind_of(file));
    cJSON_AddStringToObject(root, "file_format", dn_tensor_file_format(file));
    cJSON_AddNumberToObject(root, "parameters", (double)total_elements(file));
    cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");
    for (size_t i = 0; dn_tensor_file_metadata_at(file, i, &key, &value); i++)
        cJSON_AddStringToObject(metadata, key, value);
    cJSON *tensors = cJSON_AddArrayToObject(root, "tensors");
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        cJSON_AddItemToArray(tensors, tensor_json(dn_tensor_file_at(file, i)));
    char *printed = cJSON_Print(root);
    if (printed)
        dn_text_append(text, "%s\n", printed);
    else
        text->failed = 1;
    cJSON_free(printed);
    cJSON_Delete(root);
}

dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error) {
    dn_tensor_file *file;
    dn_text written = {0};
    *text = NULL;
    if (path)
        DN_TRY(dn_tensor_file_open(path, &file, error));
    else
        DN_TRY(dn_backbone_embedded_open(&file, error));
    if (json)
        describe_json(file, &written);
    else
        describe_text(file, &written);
    dn_tensor_file_close(file);
    return dn_text_take(&written, text, error);
}
