#include "api/made_of.h"

#include "backbone/embedded.h"
#include "base/file.h"
#include "dataset/dataset.h"
#include "detect/network_settings.h"
#include "detect/precision.h"
#include "train/features/origin.h"

#include <string.h>

/* The keys of the model, and those of the run that say which files there are. */
static dn_status find_settings(const dn_config *config, char digest[DN_DIGEST_LENGTH + 1],
                               dn_error *error) {
    const uint8_t files[] = {(uint8_t)config->save_model, (uint8_t)config->grad_map_viz};
    char *yaml;
    dn_digest *sum;
    DN_TRY(dn_config_to_model_yaml(config, &yaml, error));
    dn_status status = dn_digest_begin(&sum, error);
    if (status == DN_OK) {
        dn_digest_add(sum, yaml, strlen(yaml));
        dn_digest_add(sum, files, sizeof files);
        dn_digest_end(sum, digest);
    }
    dn_text_free(yaml);
    return status;
}

/* A file's name and content; of one that cannot be read only the name. NULL adds nothing. */
static void add_file(dn_digest *sum, const char *path, const char *name) {
    uint8_t digest[DN_DIGEST_BYTES] = {0};
    uint64_t size;
    if (!path)
        return;
    dn_file_digest(path, digest, &size, NULL);
    dn_digest_add(sum, name, strlen(name) + 1);
    dn_digest_add(sum, digest, sizeof digest);
}

static dn_status add_pictures(dn_digest *sum, const dn_config *config, const dn_dataset *dataset,
                              dn_error *error) {
    char digest[DN_DIGEST_LENGTH + 1];
    for (dn_split split = DN_SPLIT_TRAIN; split < DN_SPLITS; split++) {
        DN_TRY(dn_dataset_fingerprint_readable(dataset, split, digest, error));
        dn_digest_add(sum, digest, DN_DIGEST_LENGTH);
    }
    for (size_t i = 0; i < dataset->count; i++)
        add_file(sum, dataset->samples[i].mask_path, dataset->samples[i].name);
    if (strcmp(config->roi, "none") != 0)
        add_file(sum, config->roi[0] ? config->roi : dataset->roi_path, "roi");
    return DN_OK;
}

static dn_status find_pictures(const dn_config *config, char digest[DN_DIGEST_LENGTH + 1],
                               dn_error *error) {
    unsigned wanted = 1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_VALIDATE | 1u << DN_SPLIT_TEST;
    dn_dataset dataset;
    dn_digest *sum;
    DN_TRY(
        dn_dataset_open(config->dataset_path, config->class_name, wanted, NULL, &dataset, error));
    dn_status status = dn_digest_begin(&sum, error);
    if (status == DN_OK) {
        status = add_pictures(sum, config, &dataset, error);
        dn_digest_end(sum, digest);
    }
    dn_dataset_close(&dataset);
    return status;
}

static dn_status find_program(const dn_config *config, char digest[DN_DIGEST_LENGTH + 1],
                              dn_error *error) {
    dn_origin_fact facts[DN_ORIGIN_FACTS];
    dn_compute compute;
    dn_digest *sum;
    DN_TRY(dn_precision_open(config, dn_precision_wanted(config), NULL, &compute, error));
    dn_origin_of(&compute, facts);
    dn_compute_close(&compute);
    DN_TRY(dn_digest_begin(&sum, error));
    for (int i = 0; i < DN_ORIGIN_FACTS; i++)
        dn_digest_add(sum, facts[i].text, strlen(facts[i].text) + 1);
    dn_digest_end(sum, digest);
    return DN_OK;
}

/* The network's defaults belong to the settings. */
static dn_status find_backbone(dn_config *config, char digest[DN_DIGEST_LENGTH + 1],
                               dn_error *error) {
    dn_backbone_weights weights;
    DN_TRY(dn_backbone_weights_choose(config->backbone, &weights, error));
    dn_status status = dn_network_settings_apply(weights.network, config, NULL, error);
    memcpy(digest, weights.digest, sizeof weights.digest);
    dn_backbone_weights_free(&weights);
    return status;
}

dn_status dn_made_of_find(const dn_config *config, dn_made_of *made_of, dn_error *error) {
    dn_config *own;
    char(*facts)[DN_DIGEST_LENGTH + 1] = made_of->facts;
    *made_of = (dn_made_of){0};
    DN_TRY(dn_config_copy(config, &own, error));
    dn_status status = find_backbone(own, facts[DN_MADE_BACKBONE], error);
    if (status == DN_OK)
        status = find_settings(own, facts[DN_MADE_SETTINGS], error);
    if (status == DN_OK)
        status = find_program(own, facts[DN_MADE_PROGRAM], error);
    if (status == DN_OK)
        status = find_pictures(own, facts[DN_MADE_PICTURES], error);
    dn_config_destroy(own);
    return status;
}
