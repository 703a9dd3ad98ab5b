#include "train/footprint.h"

#include "backbone/backbone.h"
#include "backbone/gradient.h"
#include "bank/feature_bank.h"
#include "detect/detector.h"
#include "detect/localization.h"
#include "train/map_threshold.h"
#include "train/trainer.h"

#include <string.h>

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

/* The training that is looked at. */
typedef struct plan {
    const dn_config *config;
    const dn_network *network;
    const dn_compute *compute;
    const dn_workload *work;
    dn_flow_shape flow;
} plan;

int dn_workload_tiles(const dn_config *config, const dn_workload *work) {
    const dn_tiling tiling = dn_tiling_of(config, NULL);
    dn_tiles tiles = {0};
    int count = 1;
    if (!tiling.is_on || work->width < 1 || work->height < 1)
        return 1;
    if (dn_tiles_lay(&tiling, work->width, work->height, &tiles, NULL) == DN_OK)
        count = tiles.count;
    dn_tiles_free(&tiles);
    return count;
}

static uint64_t tiles_of(const plan *self) {
    return (uint64_t)dn_workload_tiles(self->config, self->work);
}

static dn_backbone_shape backbone_of(const plan *self) {
    return dn_backbone_shape_of(self->config, self->network, DN_EXTRACTOR_BATCH,
                                self->compute->threads);
}

static int rotations_at_once(const dn_config *config) {
    int rows = config->batch_size * config->n_transforms, rotations = dn_test_rotations(config);
    return rows < rotations ? rows : rotations;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static uint64_t extractor_bytes(const plan *self) {
    const dn_config *config = self->config;
    const dn_backbone_shape shape = backbone_of(self);
    static const dn_element elements[] = {[DN_PRECISION_F32] = DN_ELEMENT_F32,
                                          [DN_PRECISION_BF16] = DN_ELEMENT_BF16,
                                          [DN_PRECISION_INT8] = DN_ELEMENT_U8};
    const dn_plan_options options = {.element = elements[self->compute->precision],
                                     .on_pixels = self->compute->precision != DN_PRECISION_F32};
    int jitters = config->transf_brightness > 0 || config->transf_contrast > 0 ||
                  config->transf_saturation > 0;
    uint64_t turned = jitters ? 3 * DN_EXTRACTOR_BATCH * input_pixels(config) : 0;
    return turned + dn_backbone_bytes(&shape, &options);
}

/* Weights, and the weights rounded. */
static uint64_t parameter_bytes(const plan *self) {
    uint64_t rounded = self->compute->products == DN_ELEMENT_BF16 ? sizeof(uint16_t) : 0;
    return dn_flow_parameter_count(&self->flow) * (sizeof(float) + rounded);
}

/* Both moments; they are given back before there are maps. */
static uint64_t moment_bytes(const plan *self) {
    return dn_flow_parameter_count(&self->flow) * 2 * sizeof(float);
}

/* One image's features at all views, and the bank's record of them. */
static uint64_t source_bytes(const plan *self, int views) {
    uint64_t features = 4 * (uint64_t)self->flow.features;
    return (uint64_t)views * (tiles_of(self) + 1) * features +
           (uint64_t)views * (features + DN_DIGEST_BYTES);
}

/* Decoded images: those that are kept, a batch of others, and what decoding needs meanwhile. */
static uint64_t image_bytes(const plan *self) {
    const dn_config *config = self->config;
    const dn_workload *work = self->work;
    uint64_t one = 3 * input_pixels(config),
             batch = least((uint64_t)config->batch_size, work->train);
    uint64_t decoding = (uint64_t)self->compute->threads * 2 * 3 * work->most_pixels;
    if (dn_config_tiles(config) > DN_TILES_AUTO) /* pictures are not kept; one that is cut */
        return (uint64_t)self->compute->threads * 2 * 3 * work->most_pixels +
               3 * work->most_pixels + 2 * DN_EXTRACTOR_BATCH * one;
    if (dn_config_bank(config) > 0 && config->cache_limit > 0)
        return decoding + one;
    return decoding + least(work->train * one, DN_TRAINER_KEEP_IMAGES) + batch * one;
}

/* Features of evaluated images stay in memory where no cache takes them, up to a limit. */
static uint64_t kept_bytes(const plan *self) {
    uint64_t one = 4 * (uint64_t)self->flow.features * (uint64_t)dn_test_rotations(self->config);
    if (self->config->cache_limit > 0 || self->work->observed * one > DN_EVALUATION_KEEP)
        return 0;
    return self->work->observed * one;
}

/* ---- a detector for places ---- */

static dn_place_grid grid_of(const plan *self) {
    const dn_backbone_shape shape = backbone_of(self);
    return dn_place_grid_of(&shape);
}

static int has_places(const dn_config *config) {
    return strcmp(config->places, "off") != 0;
}

/* Otherwise a map takes one pass. */
static int maps_gradients(const dn_config *config) {
    return !has_places(config) || strcmp(config->map, "places") != 0;
}

/* Statistics that it keeps: one for each view that it learns from, up to a limit. */
static uint64_t place_views(const plan *self) {
    uint64_t angles = (uint64_t)self->config->places_rotations;
    return least(self->work->train * tiles_of(self) * angles, DN_PLACE_MOST_GOOD);
}

/* Its tensors: in memory, and in the model file. */
static uint64_t place_bytes(const plan *self) {
    const dn_place_grid grid = grid_of(self);
    uint64_t good = place_views(self);
    uint64_t each = (uint64_t)grid.channels + dn_triangle(grid.channels) + 2;
    return has_places(self->config) ? 4 * (dn_place_grid_places(&grid) * each + good) : 0;
}

/* Maps of the network that it reads: of one view, or with tiles of a batch. */
static uint64_t place_maps(const plan *self) {
    const dn_backbone_shape shape = backbone_of(self);
    uint64_t values = 0;
    dn_backbone_map map;
    for (int i = 0; dn_backbone_places_shape(&shape, i, &map); i++)
        values += (uint64_t)map.height * (uint64_t)map.width * (uint64_t)map.channels;
    return 4 * values * (tiles_of(self) > 1 ? DN_EXTRACTOR_BATCH : 1);
}

/* The sums of its fit, or the training pictures' logarithms, whichever takes more; and its maps. */
static uint64_t place_work(const plan *self) {
    const dn_place_grid grid = grid_of(self);
    uint64_t sums = dn_place_fit_bytes(dn_place_grid_places(&grid), grid.channels);
    uint64_t logs = 4 * dn_place_grid_places(&grid) * place_views(self);
    uint64_t view = 8 * input_pixels(self->config) + place_maps(self);
    return has_places(self->config) ? (sums > logs ? sums : logs) + view : 0;
}

/* What maps of gradients need beside the network, after the training: for the threshold of regions
 * and the report. */
static uint64_t map_bytes(const plan *self) {
    const dn_backbone_shape shape = backbone_of(self);
    int rows = rotations_at_once(self->config);
    size_t gates = dn_backbone_gates(&shape);
    int kept = dn_localization_rows(gates, rows);
    uint64_t pixels = input_pixels(self->config);
    return dn_backbone_gradient_bytes(&shape, self->compute->products) +
           dn_flow_bytes(&self->flow, rows, DN_FLOW_EXPLAIN) + (uint64_t)kept * gates +
           12 * (uint64_t)rows * (uint64_t)self->flow.features + 12 * DN_EXTRACTOR_BATCH * pixels +
           6 * 12 * pixels + 4 * 3 * self->work->most_pixels +
           (tiles_of(self) > 1 ? 10 * self->work->most_pixels : 0);
}

static uint64_t memory_of(const plan *self) {
    const dn_config *config = self->config;
    const dn_workload *work = self->work;
    int rows = config->batch_size * config->n_transforms;
    size_t images = work->train + work->observed + work->tested;
    uint64_t moments = moment_bytes(self), places = place_work(self);
    uint64_t maps = maps_gradients(config) ? map_bytes(self) : 0;
    uint64_t later = place_bytes(self) + (places > maps ? places : maps);
    uint64_t buffers = 12 * (uint64_t)rows * (uint64_t)self->flow.features;
    return PROGRAM_BYTES + images * IMAGE_BYTES + parameter_bytes(self) + buffers +
           dn_flow_bytes(&self->flow, rows, DN_FLOW_TRAIN) + extractor_bytes(self) +
           source_bytes(self, dn_test_rotations(config)) +
           source_bytes(self, dn_config_bank(config)) + image_bytes(self) + kept_bytes(self) +
           (moments > later ? moments : later);
}

/* ---- Disk ------------------------------------------------------------------------------------ */

static uint64_t cache_of(const plan *self) {
    const dn_config *config = self->config;
    const dn_workload *work = self->work;
    size_t features = (size_t)self->flow.features;
    size_t evaluated = work->observed + work->tested;
    size_t tiles = tiles_of(self), records = tiles > 1 ? tiles + 1 : 1; /* one for the extents */
    uint64_t bytes =
        dn_feature_bank_bytes(evaluated * records, (size_t)dn_test_rotations(config), features);
    if (dn_config_bank(config) > 0)
        bytes +=
            dn_feature_bank_bytes(work->train * records, (size_t)dn_config_bank(config), features);
    return least(bytes, (uint64_t)(config->cache_limit * 0x1p30));
}

/* A TIFF of floats, and three pictures of the original's size, somewhat compressed. */
static uint64_t map_files(const dn_config *config, const dn_workload *work) {
    size_t evaluated = work->tested > 0 ? work->tested : work->observed;
    uint64_t one = 4 * input_pixels(config) + 3 * work->mean_pixels;
    return config->grad_map_viz ? evaluated * one : 0;
}

dn_footprint dn_footprint_of(const dn_config *config, const dn_network *network,
                             const dn_compute *compute, const dn_workload *work) {
    const plan self = {config, network, compute, work, dn_flow_shape_of(config, network)};
    uint64_t weights = 4 * (uint64_t)dn_flow_parameter_count(&self.flow);
    dn_footprint footprint = {.memory = memory_of(&self), .cache = cache_of(&self)};
    if (config->save_model)
        footprint.model =
            weights + dn_network_weight_count(network) * sizeof(float) + place_bytes(&self);
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
    double tiles = dn_workload_tiles(config, work);
    double rotations = (double)dn_test_rotations(config) * tiles;
    for (int fold = 0; fold < config->cross_fit; fold++)
        add_training(config, train * (folds - 1) / folds, counts);
    if (folds > 0) {
        counts->passes += train * rotations;
        counts->vectors += train * rotations;
        counts->images += train;
    }
    if (folds > 0 && tiles > 1 && has_places(config)) { /* each fold has a detector of its own */
        double learned = train * (2 * folds - 1) * tiles * config->places_rotations;
        counts->passes += learned;
        counts->places += learned;
        counts->images += train * (2 * folds - 1);
    }
}

/* Where no other good pictures tell what is usual at each tile, those of the training are scored.
 */
static int is_standard_of_training(const dn_config *config, const dn_workload *work) {
    return dn_workload_tiles(config, work) > 1 && !(config->val_fraction > 0) &&
           config->cross_fit == 0 && work->tested == 0;
}

dn_operation_counts dn_count_operations(const dn_config *config, const dn_workload *work) {
    dn_operation_counts counts = {0};
    double tiles = dn_workload_tiles(config, work);
    double rotations = dn_test_rotations(config) * tiles, bank = dn_config_bank(config) * tiles;
    double observed = (double)work->observed, tested = (double)work->tested;
    double evaluated = observed + tested;
    add_training(config, (double)work->train, &counts);
    add_folds(config, work, &counts);
    counts.passes += evaluated * rotations + (double)work->train * bank;
    counts.images += evaluated + (bank > 0 ? (double)work->train : 0);
    counts.vectors += (observed * (config->meta_epochs + 1) + tested) * rotations;
    double shown = (double)least((uint64_t)evaluated, DN_MAP_CALIBRATION_IMAGES + REPORT_MAPS);
    double maps = config->grad_map_viz ? evaluated + shown : shown;
    if (has_places(config)) { /* two passes over the training images, one of others */
        double learned = 2 * (double)work->train * config->places_rotations;
        double standard = is_standard_of_training(config, work) ? (double)work->train : 0;
        counts.places += (learned + evaluated + standard) * tiles;
        counts.passes += (learned + evaluated + standard) * tiles;
        counts.images += 2 * (double)work->train + evaluated + standard;
    }
    if (maps_gradients(config))
        counts.maps = rotations * maps;
    else {
        counts.passes += maps * tiles;
        counts.places += maps * tiles;
    }
    return counts;
}
