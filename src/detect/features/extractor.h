/* Computes features of images: prepares an image once, then rotates, jitters and normalises its
 * views and passes them through the backbone, a batch at a time. */
#ifndef DN_DETECT_EXTRACTOR_H
#define DN_DETECT_EXTRACTOR_H

#include "backbone/backbone.h"
#include "backbone/gradient.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "detect/features/levels.h"
#include "detect/tiles/grid.h"
#include "places/grid.h"

/* A view: how an image is turned and changed before it enters the network. */
typedef struct dn_view {
    const dn_image *image; /* of the configured size; the picture itself where it has a tile */
    dn_tile tile;          /* width 0: none */
    double degrees;        /* counter-clockwise, as PIL.Image.rotate */
    dn_jitter jitter;      /* count 0: none */
    float noise;           /* standard deviation added to normalised pixels; 0: none */
    dn_random random;      /* for the noise */
} dn_view;

typedef struct dn_extractor dn_extractor;

/* The views of a call at most: enough to keep the processors busy and few enough to need little
 * memory (measured: docs/performance.md). */
#define DN_EXTRACTOR_BATCH 16

/* In the precision of `compute`: f32, or bf16 and int8 on whole pixels (backbone/backbone.h). `roi`
 * (NULL: everything counts), `compute` and the weights are the caller's and outlive the extractor.
 * DN_ERROR_UNSUPPORTED where int8 lacks the activation steps. */
dn_status dn_extractor_create(const dn_compute *compute, const dn_config *config,
                              const dn_backbone_weights *weights, const dn_roi *roi,
                              dn_extractor **extractor, dn_error *error);
void dn_extractor_destroy(dn_extractor *extractor);

/* The number of threads that it computes with. */
int dn_extractor_threads(const dn_extractor *extractor);

/* The size of a prepared image in bytes. */
size_t dn_extractor_image_bytes(const dn_extractor *extractor);

/* The region of interest, or NULL where everything counts. */
const dn_roi *dn_extractor_roi(const dn_extractor *extractor);

/* The part of its input that counts; with tiles all of it does: what lies outside is painted. */
const dn_roi *dn_extractor_input_roi(const dn_extractor *extractor);

/* How pictures are cut into tiles. */
const dn_tiling *dn_extractor_tiling(const dn_extractor *extractor);

/* The tiles of a picture of that size, until the next call; without tiles, one. */
dn_status dn_extractor_tiles(dn_extractor *extractor, int width, int height, const dn_tiles **tiles,
                             dn_error *error);

/* Levels of deep pictures, those of the configuration; as long as the extractor lives. */
const dn_levels *dn_extractor_levels(const dn_extractor *extractor);

/* Converts a picture into what the network sees: the configured size, black outside the region of
 * interest. It is painted black before and after resizing, so that no pixel outside has any
 * influence. With tiles a copy of the picture: they are cut out and painted when they are viewed.
 * Thread-safe. */
dn_status dn_extractor_prepare(const dn_extractor *extractor, const dn_image *picture,
                               dn_image *image, dn_error *error);

/* The same without a copy: *input is `picture` with tiles, else `own`, which the caller frees in
 * either case. */
dn_status dn_extractor_input(const dn_extractor *extractor, const dn_image *picture, dn_image *own,
                             const dn_image **input, dn_error *error);

/* The same for an image file, and for a file in memory; `path` is for messages. */
dn_status dn_extractor_read(const dn_extractor *extractor, const char *path, dn_image *image,
                            dn_error *error);
dn_status dn_extractor_decode(const dn_extractor *extractor, const uint8_t *bytes, size_t size,
                              const char *path, dn_image *image, dn_error *error);

/* The same before there is an extractor, of `most` samples at most, evenly chosen by their order;
 * with tiles, one tile of each, of the configured size;
 * the caller frees images[0..*taken), after a failure too. */
dn_status dn_pictures_read(const dn_config *config, const dn_roi *roi, const dn_sample *samples,
                           size_t count, size_t most, dn_image *images, size_t *taken,
                           dn_error *error);

/* The shape of a backbone with the configuration's sizes, for at most `batch` images in a call. */
dn_backbone_shape dn_backbone_shape_of(const dn_config *config, const dn_network *network,
                                       int batch, int threads);

/* For a backbone on whole pixels, with the configuration's normalisation. */
dn_backbone_pixels dn_backbone_pixels_of(const dn_config *config, dn_element element);

/* The number of features of an image: those of the network's taps times n_scales. */
size_t dn_extractor_dimensions(const dn_extractor *extractor);

/* features[count][dimensions] of `count` <= DN_EXTRACTOR_BATCH views. Advances the
 * views' random states. Below f32 views have no noise. DN_ERROR_NUMERIC if a feature is not finite.
 */
dn_status dn_extractor_run(dn_extractor *extractor, dn_view *views, int count, float *features,
                           dn_error *error);

/* From now on keeps what a detector for places reads: of the first view of a call, and with tiles
 * of all its views. Does nothing the second time. */
dn_status dn_extractor_keep_places(dn_extractor *extractor, dn_error *error);
dn_place_grid dn_extractor_place_grid(const dn_extractor *extractor);
/* values[grid's places][grid's channels] of the first view of the last call that began with an
 * upright one, or of the view selected since; as long as the extractor. */
const float *dn_extractor_places(const dn_extractor *extractor);
/* Selects the view of the last call that dn_extractor_places gives. Does nothing where no places
 * are kept. */
void dn_extractor_select_places(dn_extractor *extractor, int view);

/* Prepares dn_extractor_backward; only the first call does any work. */
dn_status dn_extractor_prepare_gradients(dn_extractor *extractor, dn_error *error);

/* Whether the features are computed in f32 from normalised pixels, not from whole pixels. */
int dn_extractor_is_exact(const dn_extractor *extractor);

/* Like dn_extractor_run; also fills gates[count * dn_extractor_gate_count()] for
 * dn_extractor_backward. */
dn_status dn_extractor_run_keeping(dn_extractor *extractor, dn_view *views, int count,
                                   float *features, uint8_t *gates, dn_error *error);
size_t dn_extractor_gate_count(const dn_extractor *extractor);

/* Computes the gradient dpixels[count][height][width][3] with respect to the normalised pixels from
 * dfeatures[count][dimensions]. Between the layers it is f32, or bf16 if the products of `compute`
 * are in bf16. */
dn_status dn_extractor_backward(dn_extractor *extractor, float *dpixels, const float *dfeatures,
                                const uint8_t *gates, int count, dn_error *error);

#endif
