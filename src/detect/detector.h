/* A trained detector: configuration, frozen backbone, flow parameters and where they came from; and
 * the model file that holds them (safetensors, names as PyTorch's, provenance in __metadata__). */
#ifndef DN_DETECT_DETECTOR_H
#define DN_DETECT_DETECTOR_H

#include "backbone/weights.h"
#include "compute/compute.h"
#include "detect/calibration.h"
#include "detect/levels.h"
#include "flow/flow.h"
#include "image/roi.h"

#define DN_MODEL_FORMAT "differnet-1"

/* Metadata keys of a model file, each written once, here. */
#define DN_META_FORMAT "format"
#define DN_META_CONFIG "config"
#define DN_META_SEED "seed"
#define DN_META_SOFTWARE "software_version"
#define DN_META_BACKBONE "backbone"
#define DN_META_BACKBONE_SHA256 "backbone_sha256"
#define DN_META_FLOW_SHA256 "flow_sha256"
#define DN_META_DATASET_SHA256 "dataset_sha256"
#define DN_META_DATASET_IMAGES "dataset_images"
#define DN_META_AUROC "image_AUROC"
#define DN_META_ROI_SHA256 "roi_sha256"   /* only in a model with a region of interest */
#define DN_META_CALIBRATION "calibration" /* only in a model that is calibrated */
#define DN_META_PRECISION "precision"     /* that it was trained in; f32 where there is none */
#define DN_META_STEPS "activation_steps"  /* for int8, where training found them */
#define DN_META_LEVELS "levels"           /* only where a training picture was deeper than 8 bits */
#define DN_META_IMPORTED "imported_from"  /* only in a model that was not trained here */

#define DN_BACKBONE_STEM "backbone.features."

/* u8 [height][width], 1 where the picture counts; only in a model with a region of interest. */
#define DN_ROI_TENSOR "roi"

typedef struct dn_provenance {
    char dataset_sha256[DN_DIGEST_LENGTH + 1];
    size_t dataset_images;
    dn_statistic image_auroc; /* of the saved model on the test set */
} dn_provenance;

typedef struct dn_detector {
    char path[1024]; /* of the model file, for messages; cut where it is longer */
    dn_config *config;
    dn_backbone_weights backbone;
    dn_roi roi;
    dn_trained_levels levels;
    dn_flow_shape flow;
    dn_precision precision;  /* that it was trained in */
    int in_place;            /* the file holds the parameters as one block of f32 */
    const float *parameters; /* of the flow; in `owned` or inside `file` */
    float *owned;
    uint16_t *bf16; /* the same, rounded, where products are; of `parameters` only the biases are to
                       be read then; owned */
    dn_tensor_file *file;
    dn_calibration calibration; /* none: as dn_calibration_none has it, or zeroed */
    char id[17]; /* first digits of the SHA-256 of the file's header, which holds all other digests
                  */
} dn_detector;

dn_flow_shape dn_flow_shape_of(const dn_config *config);

/* Maps the file without reading the flow's parameters. `backbone` names another weights file for
 * the backbone, or is NULL. */
dn_status dn_detector_open(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error);

/* The parameters of an open detector, once, for products in f32 or bf16; DN_ERROR_NUMERIC names the
 * first that is not a finite number. F32: they stay where they lie in the file as we write it;
 * several processes then share one copy. BF16: rounded to half the memory, without ever holding
 * both. */
dn_status dn_detector_prepare(dn_detector *detector, dn_element products, dn_error *error);

/* Both, in f32. */
dn_status dn_detector_load(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error);

/* Writes the file, whole or not at all. */
dn_status dn_detector_save(dn_detector *detector, const char *path, const dn_provenance *provenance,
                           dn_error *error);
void dn_detector_close(dn_detector *detector);

/* Writes the model of `path` anew with other thresholds, whole or not at all; the tensors go from
 * the file's mapping straight to the new file. */
dn_status dn_detector_recalibrate(const char *path, const dn_calibration *calibration,
                                  dn_error *error);

#endif
