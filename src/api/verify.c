/* Whether a data set is the one that a model was trained on, by the fingerprint in the model. */
#include "base/text.h"
#include "dataset/dataset.h"
#include "detect/detector.h"
#include "detect/model_config.h"
#include "detect/model_path.h"
#include "report/json.h"

#include <stdlib.h>
#include <string.h>

/* The training set as the model describes it, and the one in the folder now. */
typedef struct comparison {
    dn_tensor_file *model;
    dn_config *config;
    const char *model_path, *data_path, *class_name; /* the caller's; the last two may be NULL */
    dn_data_place place;
    const char *trained_sha256;
    size_t trained_images, found_images;
    char found_sha256[DN_DIGEST_LENGTH + 1];
} comparison;

static int is_same(const comparison *self) {
    return strcmp(self->trained_sha256, self->found_sha256) == 0;
}

static dn_status require(const comparison *self, const char *key, const char **value,
                         dn_error *error) {
    *value = dn_tensor_file_metadata(self->model, key);
    if (*value)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: does not say what it was trained on: its metadata lacks \"%s\"",
                   self->model_path, key);
}

static dn_status read_model(comparison *self, dn_error *error) {
    const char *images;
    DN_TRY(dn_tensor_file_open(self->model_path, &self->model, error));
    DN_TRY(require(self, DN_META_DATASET_SHA256, &self->trained_sha256, error));
    DN_TRY(require(self, DN_META_DATASET_IMAGES, &images, error));
    self->trained_images = strtoul(images, NULL, 10);
    return dn_model_config_read(self->model, self->model_path, &self->config, error);
}

static dn_status read_data(comparison *self, dn_error *error) {
    dn_dataset dataset = {0};
    dn_data_place *place = &self->place;
    DN_TRY(dn_model_data_place(self->config, self->model_path, self->data_path, self->class_name,
                               place, error));
    dn_status status = dn_dataset_open(place->dataset_path, place->class_name, 1u << DN_SPLIT_TRAIN,
                                       NULL, &dataset, error);
    if (status == DN_OK)
        status = dn_dataset_fingerprint(&dataset, DN_SPLIT_TRAIN, self->found_sha256, error);
    self->found_images = dataset.begin[DN_SPLIT_TRAIN + 1] - dataset.begin[DN_SPLIT_TRAIN];
    dn_dataset_close(&dataset);
    return status;
}

static void add_side(dn_json *json, const char *name, const char *path, size_t images,
                     const char *sha256) {
    cJSON *side = dn_json_object(json, json->root, name);
    dn_json_text(json, side, "path", path);
    dn_json_count(json, side, "train_images", images);
    dn_json_text(json, side, "dataset_sha256", sha256);
}

static dn_status write_json(const comparison *self, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_flag(&json, json.root, "same", is_same(self));
    add_side(&json, "model", self->model_path, self->trained_images, self->trained_sha256);
    add_side(&json, "data", self->place.dataset_path, self->found_images, self->found_sha256);
    return dn_json_take(&json, 1, text, error);
}

static dn_status write_text(const comparison *self, char **text, dn_error *error) {
    dn_text written = {0};
    dn_text_append(&written, "%-9s training images: %zu, SHA-256 of names and contents: %s\n",
                   "model", self->trained_images, self->trained_sha256);
    dn_text_append(&written, "%-9s training images: %zu, SHA-256 of names and contents: %s\n",
                   "data", self->found_images, self->found_sha256);
    dn_text_append(&written, "%s\n",
                   is_same(self) ? "same: the model was trained on these images"
                                 : "different: the model was trained on other images");
    return dn_text_take(&written, text, error);
}

static dn_status compare_scores(comparison *self, int json, char **text, int *same,
                                dn_error *error) {
    DN_TRY(read_model(self, error));
    DN_TRY(read_data(self, error));
    *same = is_same(self);
    return json ? write_json(self, text, error) : write_text(self, text, error);
}

dn_status dn_verify_dataset(const char *model_path, const char *dataset_path,
                            const char *class_name, int json, char **text, int *same,
                            dn_error *error) {
    char path[DN_MODEL_PATH];
    comparison self = {.model_path = path, .data_path = dataset_path, .class_name = class_name};
    *text = NULL;
    *same = 0;
    DN_TRY(dn_model_path_find(model_path, path, error));
    dn_status status = compare_scores(&self, json, text, same, error);
    dn_config_destroy(self.config);
    dn_tensor_file_close(self.model);
    return status;
}
