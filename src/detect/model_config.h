/* The configuration of a model file, and where the data of its training lie.
 *
 * The file holds the keys that its numbers depend on. All others (paths, threads, the cache) stand
 * in the config.yaml of the results folder: they are taken from there as long as it lies beside the
 * model and its other keys are the model's own. */
#ifndef DN_DETECT_MODEL_CONFIG_H
#define DN_DETECT_MODEL_CONFIG_H

#include "config/config.h"
#include "tensors/tensor_file.h"

#define DN_CONFIG_FILE "config.yaml" /* in a results folder */

/* The configuration of the model file at `path`, opened as `file`. What neither the file nor a
 * config.yaml beside it says is as by default, but dataset_path, which is empty then. Older models
 * hold all keys. A config.yaml that cannot be read counts as none. DN_ERROR_FORMAT where the file
 * holds no configuration. Free with dn_config_destroy. */
dn_status dn_model_config_read(const dn_tensor_file *file, const char *path, dn_config **config,
                               dn_error *error);

/* A data set to open. */
typedef struct dn_data_place {
    char dataset_path[1024], class_name[256];
} dn_data_place;

/* Where to look for the data set: the caller's `dataset_path` and `class_name`; for what is NULL,
 * those of `config`, which dn_model_config_read gave for the model at `model`. Where nothing names
 * a class, it is the only one there is. DN_ERROR_DATA says what to name. */
dn_status dn_model_data_place(const dn_config *config, const char *model, const char *dataset_path,
                              const char *class_name, dn_data_place *place, dn_error *error);

#endif
