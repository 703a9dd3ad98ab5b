#include "detect/model_config.h"

#include "base/file.h"
#include "dataset/dataset.h"
#include "detect/detector.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The path of config.yaml in the model's folder; 0 if it is too long. */
static int find_beside(const char *model, char *path, size_t size) {
    size_t folder = (size_t)(dn_path_name(model) - model);
    int length = snprintf(path, size, "%.*s" DN_CONFIG_FILE, (int)folder, model);
    return length > 0 && (size_t)length < size;
}

/* Another training's config.yaml may lie there: its paths are not those of this model. */
static dn_status take_run_keys(dn_config *config, const char *model, dn_error *error) {
    char path[1152];
    dn_config *beside;
    dn_error reason;
    if (!find_beside(model, path, sizeof path))
        return DN_OK;
    DN_TRY(dn_config_create(&beside, error));
    dn_status status = dn_config_load(beside, path, &reason);
    if (status == DN_OK && !dn_config_model_difference(config, beside))
        dn_config_take_run(config, beside);
    dn_config_destroy(beside);
    if (status == DN_ERROR_MEMORY) /* any other failure: there is none to be used */
        return dn_fail(error, status, "%s", reason.message);
    return DN_OK;
}

static dn_status read_keys(dn_config *config, const char *model, const char *yaml,
                           dn_error *error) {
    char name[1152];
    snprintf(name, sizeof name, "%s (its configuration)", model);
    config->dataset_path[0] = '\0';
    DN_TRY(dn_config_parse(config, name, yaml, strlen(yaml), error));
    return take_run_keys(config, model, error);
}

dn_status dn_model_config_read(const dn_tensor_file *file, const char *path, dn_config **config,
                               dn_error *error) {
    const char *yaml = dn_tensor_file_metadata(file, DN_META_CONFIG);
    *config = NULL;
    if (!yaml)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is not a model of differnet: its metadata lacks \"%s\"", path,
                       DN_META_CONFIG);
    DN_TRY(dn_config_create(config, error));
    dn_status status = read_keys(*config, path, yaml, error);
    if (status == DN_OK)
        return DN_OK;
    dn_config_destroy(*config);
    *config = NULL;
    return status;
}

/* ---- the data ---- */

static dn_status copy_place(const char *dataset_path, const char *class_name, dn_data_place *place,
                            dn_error *error) {
    if (strlen(dataset_path) >= sizeof place->dataset_path ||
        strlen(class_name) >= sizeof place->class_name)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "data set %.100s, class %.100s: the name is too long", dataset_path,
                       class_name);
    snprintf(place->dataset_path, sizeof place->dataset_path, "%s", dataset_path);
    snprintf(place->class_name, sizeof place->class_name, "%s", class_name);
    return DN_OK;
}

static dn_status find_only_class(const char *model, const char *dataset_path, dn_data_place *place,
                                 dn_error *error) {
    dn_class_list classes;
    dn_status status = dn_class_list_create(dataset_path, &classes, error);
    if (status == DN_OK && classes.count > 1)
        status = dn_fail(
            error, DN_ERROR_DATA,
            "%s: holds %zu classes, and %s does not say which is its own: no " DN_CONFIG_FILE
            " of its training lies beside it; name the class (--class "
            "NAME)",
            dataset_path, classes.count, model);
    if (status == DN_OK)
        status = copy_place(dataset_path, classes.names[0], place, error);
    dn_class_list_free(&classes);
    return status;
}

dn_status dn_model_data_place(const dn_config *config, const char *model, const char *dataset_path,
                              const char *class_name, dn_data_place *place, dn_error *error) {
    int knows = config->dataset_path[0] != '\0';
    if (!dataset_path && !knows)
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: does not say where its data lie: no " DN_CONFIG_FILE
                       " of its training lies beside it; name the data set (--data DIR)",
                       model);
    if (!class_name && !knows)
        return find_only_class(model, dataset_path, place, error);
    return copy_place(dataset_path ? dataset_path : config->dataset_path,
                      class_name ? class_name : config->class_name, place, error);
}

/* ---- the class that nobody named ---- */

static dn_status fail_several(const dn_config *config, const dn_class_list *classes,
                              dn_error *error) {
    enum { SHOWN = 5 };
    char names[SHOWN * 64 + 8] = "";
    for (size_t i = 0, length = 0; i < classes->count && i <= SHOWN; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%.60s", i ? ", " : "",
                                   i < SHOWN ? classes->names[i] : "...");
    return dn_fail(error, DN_ERROR_CONFIG,
                   "%.400s: holds %zu classes (%s); name one, several (a,b) or all: class_name "
                   "(--class NAME)",
                   config->dataset_path, classes->count, names);
}

static dn_status set_only_class(dn_config *config, const dn_class_list *classes, dn_error *error) {
    if (classes->count > 1)
        return fail_several(config, classes, error);
    return dn_config_set_text(config, "class_name", classes->count ? classes->names[0] : "", error);
}

/* A data set that cannot be listed has no class; whoever opens it says what is wrong with it. */
static dn_status find_class_name(dn_config *config, dn_error *error) {
    dn_class_list classes;
    dn_error reason;
    dn_status status = dn_class_list_create(config->dataset_path, &classes, &reason);
    status = status == DN_ERROR_MEMORY ? dn_fail(error, status, "%s", reason.message)
                                       : set_only_class(config, &classes, error);
    dn_class_list_free(&classes);
    return status;
}

static dn_status check_default_dataset(const dn_config *config, dn_error *error) {
    char folder[4608];
    if (dn_path_join(folder, sizeof folder, config->dataset_path, config->class_name, NULL) ==
            DN_OK &&
        access(folder, F_OK) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG,
                   "class_name is \"%s\", but no data set is named; name its folder: dataset_path "
                   "(--data DIR)",
                   config->class_name);
}

dn_status dn_config_name_class(dn_config *config, dn_error *error) {
    int has_data = dn_config_is_given(config, "dataset_path");
    int has_class = dn_config_is_given(config, "class_name");
    if (has_data && !has_class)
        return find_class_name(config, error);
    return has_class && !has_data ? check_default_dataset(config, error) : DN_OK;
}
