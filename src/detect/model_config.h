/* The configuration of a model file, and where the data of its training lie.
 *
 * The file holds the keys that its numbers depend on. All other keys (paths, threads, the cache)
 * are in the config.yaml of the results folder. They are read from there if it still lies beside
 * the model and its keys of the model are the same. */
#ifndef DN_DETECT_MODEL_CONFIG_H
#define DN_DETECT_MODEL_CONFIG_H

#include "config/config.h"
#include "tensors/tensor_file.h"

#define DN_CONFIG_FILE "config.yaml" /* in a results folder */

/* Reads the configuration of the model file at `path`, which is open as `file`. A key that is
 * neither in the file nor in a config.yaml beside it has its default; dataset_path is empty then.
 * Files of older versions hold all keys. A config.yaml that cannot be read is ignored.
 * DN_ERROR_FORMAT if the file holds no configuration. Free with dn_config_destroy. */
dn_status dn_model_config_read(const dn_tensor_file *file, const char *path, dn_config **config,
                               dn_error *error);

/* A data set to open. */
typedef struct dn_data_place {
    char dataset_path[4096], class_name[256];
} dn_data_place;

/* Where the data set of a model lies: where the caller's `dataset_path` and `class_name` say; if
 * one of them is NULL, where `config` says (from dn_model_config_read, for the model at `model`).
 * If nothing names a class and the data set has only one, it is that one. DN_ERROR_DATA says what
 * the user has to name. */
dn_status dn_model_data_place(const dn_config *config, const char *model, const char *dataset_path,
                              const char *class_name, dn_data_place *place, dn_error *error);

/* Of a configuration that names a data set and no class: the class is the only one in it, "" where
 * the data set has no classes. DN_ERROR_CONFIG if it has several, or if a class is named, no data
 * set, and the default one has no such class. */
dn_status dn_config_name_class(dn_config *config, dn_error *error);

#endif
