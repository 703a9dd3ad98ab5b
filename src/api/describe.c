/* What a model or weights file holds: its metadata and its tensors. */
#include "api/describe_model.h"
#include "backbone/embedded.h"
#include "base/text.h"
#include "detect/detector.h"
#include "detect/model_path.h"
#include "report/json.h"

#include <string.h>

static size_t total_elements(const dn_tensor_file *file) {
    size_t total = 0;
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        total += dn_tensor_elements(dn_tensor_file_at(file, i));
    return total;
}

static int is_model(const dn_tensor_file *file) {
    const char *format = dn_tensor_file_metadata(file, DN_META_FORMAT);
    return format && strcmp(format, DN_MODEL_FORMAT) == 0;
}

static const char *kind_of(const dn_tensor_file *file) {
    return is_model(file) ? "DifferNet model" : "weights";
}

static void append_tensor(dn_text *text, const dn_tensor *tensor) {
    dn_text_append(text, "  %-44s %-5s [", tensor->name, dn_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        dn_text_append(text, "%s%zu", i ? ", " : "", tensor->shape[i]);
    dn_text_append(text, "]\n");
}

/* A value of several lines, such as the configuration, stands indented below its key. */
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

static void append_contents(dn_text *text, const dn_tensor_file *file) {
    const char *key, *value;
    for (size_t i = 0; dn_tensor_file_metadata_at(file, i, &key, &value); i++)
        if (!dn_describe_model_covers(key))
            append_metadata(text, key, value);
    dn_text_append(text, "tensors\n");
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        append_tensor(text, dn_tensor_file_at(file, i));
}

static dn_status describe_text(const dn_tensor_file *file, const char *path, char **text,
                               dn_error *error) {
    dn_text written = {0};
    dn_text_append(&written, "%-18s %s (%s)\n", "kind", kind_of(file), dn_tensor_file_format(file));
    dn_text_append(&written, "%-18s %zu in %zu tensors\n", "parameters", total_elements(file),
                   dn_tensor_file_count(file));
    dn_status status = is_model(file) ? dn_describe_model_text(file, path, &written, error) : DN_OK;
    if (status != DN_OK) {
        dn_text_destroy(&written);
        return status;
    }
    append_contents(&written, file);
    return dn_text_take(&written, text, error);
}

static void add_extent(dn_json *json, cJSON *shape, size_t extent) {
    cJSON *item = cJSON_CreateNumber((double)extent);
    if (item && shape && cJSON_AddItemToArray(shape, item))
        return;
    cJSON_Delete(item);
    json->failed = 1;
}

static void add_tensor(dn_json *json, cJSON *tensors, const dn_tensor *tensor) {
    cJSON *object = dn_json_item(json, tensors);
    dn_json_text(json, object, "name", tensor->name);
    dn_json_text(json, object, "dtype", dn_dtype_name(tensor->dtype));
    cJSON *shape = dn_json_array(json, object, "shape");
    for (int i = 0; i < tensor->rank; i++)
        add_extent(json, shape, tensor->shape[i]);
}

static dn_status describe_json(const dn_tensor_file *file, const char *path, char **text,
                               dn_error *error) {
    const char *key, *value;
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "kind", kind_of(file));
    dn_json_text(&json, json.root, "file_format", dn_tensor_file_format(file));
    dn_json_count(&json, json.root, "parameters", total_elements(file));
    dn_status status = is_model(file) ? dn_describe_model_json(file, path, &json, error) : DN_OK;
    if (status != DN_OK) {
        cJSON_Delete(json.root);
        return status;
    }
    cJSON *metadata = dn_json_object(&json, json.root, "metadata");
    for (size_t i = 0; dn_tensor_file_metadata_at(file, i, &key, &value); i++)
        dn_json_text(&json, metadata, key, value);
    cJSON *tensors = dn_json_array(&json, json.root, "tensors");
    for (size_t i = 0; i < dn_tensor_file_count(file); i++)
        add_tensor(&json, tensors, dn_tensor_file_at(file, i));
    return dn_json_take(&json, 1, text, error);
}

dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error) {
    dn_tensor_file *file;
    *text = NULL;
    char named[DN_MODEL_PATH] = DN_BACKBONE_EMBEDDED;
    if (!path || dn_backbone_is_embedded(path)) {
        const dn_network *network;
        DN_TRY(dn_backbone_network_of(path ? path : "", &network, error));
        DN_TRY(dn_backbone_embedded_open(network, &file, error));
    } else {
        DN_TRY(dn_model_path_find(path, named, error));
        DN_TRY(dn_tensor_file_open(named, &file, error));
    }
    dn_status status =
        json ? describe_json(file, named, text, error) : describe_text(file, named, text, error);
    dn_tensor_file_close(file);
    return status;
}
