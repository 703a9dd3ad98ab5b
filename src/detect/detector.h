/* A trained detector: configuration, frozen backbone, flow parameters and their provenance; and the
 * model file that holds them (safetensors; names as in PyTorch, provenance in __metadata__). */
#ifndef DN_DETECT_DETECTOR_H
#define DN_DETECT_DETECTOR_H

#include "backbone/weights.h"
#include "compute/compute.h"
#include "detect/calibration/calibration.h"
#include "detect/calibration/history.h"
#include "detect/features/levels.h"
#include "detect/features/seen.h"
#include "detect/tiles/standard.h"
#include "flow/flow.h"
#include "image/roi.h"
#include "places/place_model.h"

#define DN_MODEL_FORMAT "differnet-1"

/* Metadata keys of a model file. */
#define DN_META_FORMAT "format"
#define DN_META_CONFIG "config"
#define DN_META_SEED "seed"
#define DN_META_SOFTWARE "software_version"
#define DN_META_BACKBONE "backbone"
#define DN_META_BACKBONE_SHA256 "backbone_sha256"
#define DN_META_NETWORK "network" /* of the backbone; AlexNet where there is none */
#define DN_META_BACKBONE_LICENCE "backbone_licence" /* only of imported weights, as the next */
#define DN_META_BACKBONE_ORIGIN "backbone_origin"
#define DN_META_FLOW_SHA256 "flow_sha256"
#define DN_META_DATASET_SHA256 "dataset_sha256"
#define DN_META_DATASET_IMAGES "dataset_images"
#define DN_META_AUROC "image_AUROC"
#define DN_META_ROI_SHA256 "roi_sha256"   /* only if there is a region of interest */
#define DN_META_CALIBRATION "calibration" /* only if the model is calibrated */
#define DN_META_PRECISION "precision"     /* of the training; f32 if the key is missing */
#define DN_META_STEPS "activation_steps"  /* for int8; only if training found them */
#define DN_META_LEVELS "levels"           /* only if a training picture was deeper than 8 bits */
#define DN_META_HISTORY "earlier_calibrations" /* only if there are some */
#define DN_META_SEEN "seen"                    /* only of models that were trained here */
#define DN_META_IMPORTED "imported_from"       /* only if the model was not trained here */

#define DN_BACKBONE_PREFIX "backbone." /* before the names of the backbone's tensors */

/* u8 [height][width], 1 inside; only if there is a region of interest. */
#define DN_ROI_TENSOR "roi"

/* u8 [count][8], rising: digests of the prepared training pictures (detect/features/seen.h). */
#define DN_SEEN_TENSOR "seen"

typedef struct dn_provenance {
    char dataset_sha256[DN_DIGEST_LENGTH + 1];
    size_t dataset_images;
    dn_statistic image_auroc; /* of the saved model on the test set */
} dn_provenance;

typedef struct dn_detector {
    char path[1024]; /* of the model file, for messages; cut if it is longer */
    dn_config *config;
    dn_backbone_weights backbone;
    dn_roi roi;
    dn_trained_levels levels;
    dn_seen seen; /* in training */
    dn_flow_shape flow;
    dn_precision precision;  /* of the training */
    int in_place;            /* the file holds the parameters as one block of f32, ready for use */
    const float *parameters; /* of the flow; points to `owned` or into `file` */
    float *owned;
    uint16_t *bf16; /* the parameters rounded, if products are in bf16; owned. Then only the biases
                       of `parameters` may be read */
    dn_tensor_file *file;
    dn_place_model places;
    dn_tile_standard tiles;     /* count 0: none */
    dn_calibration calibration; /* without thresholds: as dn_calibration_none makes it, or zeroed */
    dn_calibration_history history; /* the ones before it */
    char id[17]; /* first digits of the SHA-256 of the file's header, which holds the digests of all
                    weights */
} dn_detector;

/* A flow over the features of that network. */
dn_flow_shape dn_flow_shape_of(const dn_config *config, const dn_network *network);

/* Maps the file without reading the flow's parameters. `backbone` (may be NULL) names a weights
 * file to use instead of the model's backbone; DN_ERROR_FORMAT if it is of another network. */
dn_status dn_detector_open(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error);

/* Prepares the parameters of an open detector, once, for products in f32 or bf16. DN_ERROR_NUMERIC
 * names the first that is not finite. F32: parameters of our own files are used where they lie, so
 * that processes share one copy. BF16: rounded to half the memory; both forms are never held at
 * once. */
dn_status dn_detector_prepare(dn_detector *detector, dn_element products, dn_error *error);

/* dn_detector_open and dn_detector_prepare, in f32. */
dn_status dn_detector_load(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error);

/* Writes the file completely or not at all. */
dn_status dn_detector_save(dn_detector *detector, const char *path, const dn_provenance *provenance,
                           dn_error *error);

/* Sets the id of a detector that was saved at `path`. */
dn_status dn_detector_take_id(dn_detector *detector, const char *path, dn_error *error);
void dn_detector_close(dn_detector *detector);

/* Whether maps show places, not gradients. */
int dn_detector_maps_places(const dn_detector *detector);

/* What maps of good pictures stay below; NaN: unknown. A model with places that was never
 * calibrated still knows the maps of its training pictures. */
double dn_detector_map_threshold(const dn_detector *detector);

/* Writes the model file at `path` to `output`, which may be the same, with other thresholds and
 * other earlier ones: completely or not at all. The tensors are copied from the mapped file. */
dn_status dn_detector_recalibrate(const char *path, const char *output,
                                  const dn_calibration *calibration,
                                  const dn_calibration_history *history, dn_error *error);

#endif
