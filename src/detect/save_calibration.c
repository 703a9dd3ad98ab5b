/* A model file with other thresholds. */
#include "base/memory.h"
#include "base/text.h"
#include "detect/detector.h"

#include <string.h>

/* Everything that a model file holds, as its writer wants it. */
typedef struct contents {
    dn_tensor *tensors;
    dn_metadata_entry *metadata;
    size_t tensor_count, metadata_count;
} contents;

static dn_status list_tensors(contents *self, const dn_tensor_file *file, dn_error *error) {
    void *block;
    self->tensor_count = dn_tensor_file_count(file);
    DN_TRY(dn_allocate(&block, self->tensor_count, sizeof(dn_tensor), error));
    self->tensors = block;
    for (size_t i = 0; i < self->tensor_count; i++)
        self->tensors[i] = *dn_tensor_file_at(file, i);
    return DN_OK;
}

static void add(contents *self, const char *key, const char *value) {
    self->metadata[self->metadata_count++] = (dn_metadata_entry){key, value};
}

/* `history` is NULL where there are no earlier ones. */
static dn_status list_metadata(contents *self, const dn_tensor_file *file, const char *calibration,
                               const char *history, dn_error *error) {
    void *block;
    const char *key, *value;
    size_t count = 0;
    while (dn_tensor_file_metadata_at(file, count, &key, &value))
        count++;
    DN_TRY(dn_allocate(&block, count + 2, sizeof(dn_metadata_entry), error));
    self->metadata = block;
    for (size_t i = 0; dn_tensor_file_metadata_at(file, i, &key, &value); i++)
        if (strcmp(key, DN_META_CALIBRATION) != 0 && strcmp(key, DN_META_HISTORY) != 0)
            add(self, key, value);
    add(self, DN_META_CALIBRATION, calibration);
    if (history)
        add(self, DN_META_HISTORY, history);
    return DN_OK;
}

static dn_status rewrite(const dn_tensor_file *file, const char *path, const char *calibration,
                         const char *history, dn_error *error) {
    contents self = {0};
    dn_status status = list_tensors(&self, file, error);
    if (status == DN_OK)
        status = list_metadata(&self, file, calibration, history, error);
    if (status == DN_OK)
        status = dn_safetensors_write(path, self.tensors, self.tensor_count, self.metadata,
                                      self.metadata_count, error);
    dn_release(self.tensors);
    dn_release(self.metadata);
    return status;
}

dn_status dn_detector_recalibrate(const char *path, const char *output,
                                  const dn_calibration *calibration,
                                  const dn_calibration_history *history, dn_error *error) {
    dn_tensor_file *file;
    char *json = NULL, *earlier = NULL;
    DN_TRY(dn_tensor_file_open(path, &file, error));
    dn_status status = dn_calibration_to_json(calibration, &json, error);
    if (status == DN_OK && history->count > 0)
        status = dn_calibration_history_to_json(history, &earlier, error);
    if (status == DN_OK)
        status = rewrite(file, output, json, earlier, error);
    dn_text_free(json);
    dn_text_free(earlier);
    dn_tensor_file_close(file);
    return status;
}
