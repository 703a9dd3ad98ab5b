#include "train/footprint.h"

#include "backbone/narrow.h"
#include "bank/feature_bank.h"
#include "detect/detector.h"
#include "train/map_threshold.h"
#include "train/trainer.h"

/* PROGRAM: the program, its libraries and the code that oneDNN generates. IMAGE: names, digests and
 * scores of an image whose features are kept elsewhere. Measured: docs/performance.md. */
#define PROGRAM_BYTES ((uint64_t)40 << 20)
#define IMAGE_BYTES ((uint64_t)1024)

/* A model's header with configuration and calibration; the log and the tables. */
#define SMALL_FILES ((uint64_t)1 << 20)

/* Images whose maps the report shows: the worst of the good and of the defective ones. */
enum { REPORT_MAPS = 12 };

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t input_pixels(const dn_config *config) {
    return (uint64_t)config->img_size[0] * (uint64_t)config->img_size[1];
}

static dn_backbone_shape backbone_of(const dn_config *config) {
    return (dn_backbone_shape){config->img_size[0], config->img_size[1], config->n_scales,
                               DN_EXTRACTOR_BATCH};
}

static int rotations_at_once(const dn_config *config) {
    int rows = config->batch_size * config->n_transforms, rotations = dn_test_rotations(config);
    return rows < rotations ? rows : rotations;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static uint64_t extractor_bytes(const dn_config *config, const dn_compute *compute) {
    const dn_backbone_shape shape = backbone_of(config);
    int jitters = config->transf_brightness > 0 || config->transf_contrast > 0 ||
                  config->transf_saturation > 0;
    uint64_t turned = jitters ? 3 * DN_EXTRACTOR_BATCH * input_pixels(config) : 0;
    if (compute->precision == DN_PRECISION_F32)
        return turned + dn_backbone_bytes(&shape);
    return turned + dn_narrow_bytes(&shape, compute->precision == DN_PRECISION_INT8
                                                ? DN_ELEMENT_U8
                                                : DN_ELEMENT_BF16);
}

/* The weights, and their rounded copy. */
static uint64_t parameter_bytes(const dn_config *config, const dn_compute *compute) {
    const dn_flow_shape flow = dn_flow_shape_of(config);
    uint64_t rounded = compute->products == DN_ELEMENT_BF16 ? sizeof(uint16_t) : 0;
    return dn_flow_parameter_count(&flow) * (sizeof(float) + rounded);
}

/* Both moments; they are freed before maps are made. */
static uint64_t moment_bytes(const dn_config *config) {
    const dn_flow_shape flow = dn_flow_shape_of(config);
    return dn_flow_parameter_count(&flow) * 2 * sizeof(float);
}

/* Features of one image at all views, and the bank's buffer for its record. */
static uint64_t source_bytes(const dn_config *config, int views) {
    uint64_t features = 4 * (uint64_t)dn_flow_shape_of(config).features;
    return (uint64_t)views * (2 * features + DN_DIGEST_BYTES);
}

/* Decoded images: those that are kept, another batch, and what decoding needs. */
static uint64_t image_bytes(const dn_config *config, const dn_compute *compute,
                            const dn_workload *work) {
    uint64_t one = 3 * input_pixels(config),
             batch = least((uint64_t)config->batch_size, work->train);
    uint64_t decoding = (uint64_t)compute->threads * 2 * 3 * work->most_pixels;
    if (dn_config_bank(config) > 0 && config->cache_limit > 0)
        return decoding + one;
    return decoding + least(work->train * one, DN_TRAINER_KEEP_IMAGES) + batch * one;
}

/* Features of evaluated images are kept in memory if there is no cache, up to a limit. */
static uint64_t kept_bytes(const dn_config *config, const dn_workload *work) {
    uint64_t one =
        4 * (uint64_t)dn_flow_shape_of(config).features * (uint64_t)dn_test_rotations(config);
    if (config->cache_limit > 0 || work->observed * one > DN_EVALUATION_KEEP)
        return 0;
    return work->observed * one;
}

/* What maps need beside the network, after the training: for the threshold of regions and the
 * report. */
static uint64_t map_bytes(const dn_config *config, const dn_compute *compute,
                          const dn_workload *work) {
    const dn_backbone_shape shape = backbone_of(config);
    const dn_flow_shape flow = dn_flow_shape_of(config);
    int rows = rotations_at_once(config);
    uint64_t pixels = input_pixels(config);
    return dn_backbone_gradient_bytes(&shape, compute->products) +
           dn_flow_bytes(&flow, rows, DN_FLOW_EXPLAIN) +
           (uint64_t)rows * (dn_backbone_gates(&shape) + 12 * (uint64_t)flow.features) +
           12 * DN_EXTRACTOR_BATCH * pixels + 6 * 12 * pixels + 4 * 3 * work->most_pixels;
}

static uint64_t memory_of(const dn_config *config, const dn_compute *compute,
                          const dn_workload *work) {
    const dn_flow_shape flow = dn_flow_shape_of(config);
    int rows = config->batch_size * config->n_transforms;
    size_t images = work->train + work->observed + work->tested;
    uint64_t moments = moment_bytes(config), maps = map_bytes(config, compute, work);
    uint64_t buffers = 12 * (uint64_t)rows * (uint64_t)flow.features;
    return PROGRAM_BYTES + images * IMAGE_BYTES + parameter_bytes(config, compute) + buffers +
           dn_flow_bytes(&flow, rows, DN_FLOW_TRAIN) + extractor_bytes(config, compute) +
           source_bytes(config, dn_test_rotations(config)) +
           source_bytes(config, dn_config_bank(config)) + image_bytes(config, compute, work) +
           kept_bytes(config, work) + (moments > maps ? moments : maps);
}

/* ---- Disk ------------------------------------------------------------------------------------ */

static uint64_t cache_of(const dn_config *config, const dn_workload *work) {
    size_t features = (size_t)dn_flow_shape_of(config).features;
    size_t evaluated = work->observed + work->tested;
    uint64_t bytes = dn_feature_bank_bytes(evaluated, (size_t)dn_test_rotations(config), features);
    if (dn_config_bank(config) > 0)
        bytes += dn_feature_bank_bytes(work->train, (size_t)dn_config_bank(config), features);
    return least(bytes, (uint64_t)(config->cache_limit * 0x1p30));
}

/* A TIFF of floats, and three pictures of the original's size, somewhat compressed. */
static uint64_t map_files(const dn_config *config, const dn_workload *work) {
    size_t evaluated = work->tested > 0 ? work->tested : work->observed;
    uint64_t one = 4 * input_pixels(config) + 3 * work->mean_pixels;
    return config->grad_map_viz ? evaluated * one : 0;
}

dn_footprint dn_footprint_of(const dn_config *config, const dn_compute *compute,
                             const dn_workload *work) {
    const dn_flow_shape flow = dn_flow_shape_of(config);
    uint64_t weights = 4 * (uint64_t)dn_flow_parameter_count(&flow);
    dn_footprint footprint = {.memory = memory_of(config, compute, work),
                              .cache = cache_of(config, work)};
    if (config->save_model)
        footprint.model = weights + dn_backbone_weight_count() * sizeof(float);
    if (config->checkpoint > 0)
        footprint.checkpoint = 3 * weights;
    uint64_t beside =
        footprint.model > footprint.checkpoint ? footprint.model : footprint.checkpoint;
    footprint.results = footprint.checkpoint + beside + map_files(config, work) + SMALL_FILES;
    return footprint;
}

/* ---- Operations ------------------------------------------------------------------------------ */

int dn_step_rows(const dn_config *config, const dn_workload *work) {
    size_t batch = (size_t)config->batch_size;
    return (int)(work->train < batch ? work->train : batch) * config->n_transforms;
}

static double epochs_of(const dn_config *config) {
    return (double)config->meta_epochs * config->sub_epochs;
}

/* One training on `train` images; they are decoded once if all fit in memory. */
static void add_training(const dn_config *config, double train, dn_operation_counts *counts) {
    double epochs = epochs_of(config), batch = config->batch_size;
    int bank = dn_config_bank(config);
    int stay = train * 3 * (double)input_pixels(config) <= (double)DN_TRAINER_KEEP_IMAGES;
    counts->steps += epochs * (double)(size_t)((train + batch - 1) / batch);
    if (bank > 0)
        return;
    counts->passes += epochs * train * config->n_transforms;
    counts->images += stay ? train : epochs * train;
}

/* Every fold is one more training, without the images that it scores at its end. */
static void add_folds(const dn_config *config, const dn_workload *work,
                      dn_operation_counts *counts) {
    double train = (double)work->train, folds = config->cross_fit;
    double rotations = dn_test_rotations(config);
    for (int fold = 0; fold < config->cross_fit; fold++)
        add_training(config, train * (folds - 1) / folds, counts);
    if (folds > 0) {
        counts->passes += train * rotations;
        counts->vectors += train * rotations;
        counts->images += train;
    }
}

dn_operation_counts dn_count_operations(const dn_config *config, const dn_workload *work) {
    dn_operation_counts counts = {0};
    double rotations = dn_test_rotations(config), bank = dn_config_bank(config);
    double observed = (double)work->observed, tested = (double)work->tested;
    double evaluated = observed + tested;
    add_training(config, (double)work->train, &counts);
    add_folds(config, work, &counts);
    counts.passes += evaluated * rotations + (double)work->train * bank;
    counts.images += evaluated + (bank > 0 ? (double)work->train : 0);
    counts.vectors += (observed * (config->meta_epochs + 1) + tested) * rotations;
    double shown = (double)least((uint64_t)evaluated, DN_MAP_CALIBRATION_IMAGES + REPORT_MAPS);
    counts.maps = rotations * (config->grad_map_viz ? evaluated + shown : shown);
    return counts;
}
