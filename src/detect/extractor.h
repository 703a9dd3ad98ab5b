/* From images to features: prepare once; rotate, jitter, normalise and the backbone, a batch at a
 * time. */
#ifndef DN_DETECT_EXTRACTOR_H
#define DN_DETECT_EXTRACTOR_H

#include "backbone/backbone.h"
#include "backbone/gradient.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "detect/levels.h"
#include "image/roi.h"

/* One look at one image. */
typedef struct dn_view {
    const dn_image *image; /* of the configured size */
    double degrees;        /* counter-clockwise, as PIL.Image.rotate */
    dn_jitter jitter;      /* count 0: none */
    float noise;           /* standard deviation added to normalised pixels; 0: none */
    dn_random random;      /* for the noise */
} dn_view;

typedef struct dn_extractor dn_extractor;

/* Images that go through the backbone at once: enough to keep the processors busy, few enough to
 * stay small in memory (measured: docs/performance.md). */
#define DN_EXTRACTOR_BATCH 16

/* In the precision of `compute`: f32, or bf16 and int8 on whole pixels (backbone/backbone.h). `roi`
 * (NULL: everything counts), `compute` and the weights are the caller's and outlive the extractor.
 * DN_ERROR_UNSUPPORTED where int8 lacks the activation steps. */
dn_status dn_extractor_create(const dn_compute *compute, const dn_config *config,
                              const dn_backbone_weights *weights, const dn_roi *roi,
                              dn_extractor **extractor, dn_error *error);
void dn_extractor_destroy(dn_extractor *extractor);

/* Threads that it computes with. */
int dn_extractor_threads(const dn_extractor *extractor);

/* Bytes of a prepared image. */
size_t dn_extractor_image_bytes(const dn_extractor *extractor);

/* The region of interest, or NULL where everything counts. */
const dn_roi *dn_extractor_roi(const dn_extractor *extractor);

/* Levels of deep pictures, those of the configuration; as long as the extractor lives. */
const dn_levels *dn_extractor_levels(const dn_extractor *extractor);

/* What the network sees of a picture: of the configured size, black outside the region of interest.
 * Painted before it is resized as well, so that no pixel outside has any influence. Thread-safe. */
dn_status dn_extractor_prepare(const dn_extractor *extractor, const dn_image *picture,
                               dn_image *image, dn_error *error);

/* The same of an image file, and of one that is in memory; `path` is for messages. */
dn_status dn_extractor_read(const dn_extractor *extractor, const char *path, dn_image *image,
                            dn_error *error);
dn_status dn_extractor_decode(const dn_extractor *extractor, const uint8_t *bytes, size_t size,
                              const char *path, dn_image *image, dn_error *error);

/* The same before there is an extractor, of `most` samples at most, evenly chosen by their order;
 * the caller frees images[0..*taken), after a failure too. */
dn_status dn_pictures_read(const dn_config *config, const dn_roi *roi, const dn_sample *samples,
                           size_t count, size_t most, dn_image *images, size_t *taken,
                           dn_error *error);

/* A backbone as the configuration has it, for so many images in a call. */
dn_backbone_shape dn_backbone_shape_of(const dn_config *config, const dn_network *network,
                                       int batch, int threads);

/* Of a backbone on whole pixels that normalises as the configuration says. */
dn_backbone_pixels dn_backbone_pixels_of(const dn_config *config, dn_element element);

/* Features of an image: those of the network's taps * n_scales. */
size_t dn_extractor_dimensions(const dn_extractor *extractor);

/* features[count][dimensions] of `count` <= DN_EXTRACTOR_BATCH views. Views' random states
 * move on. Below f32 views have no noise. DN_ERROR_NUMERIC when a feature is not a finite number.
 */
dn_status dn_extractor_run(dn_extractor *extractor, dn_view *views, int count, float *features,
                           dn_error *error);

/* The first call makes what dn_extractor_backward needs. */
dn_status dn_extractor_prepare_gradients(dn_extractor *extractor, dn_error *error);

/* Whether features are in f32, of normalised pixels; else they are of whole ones. */
int dn_extractor_is_exact(const dn_extractor *extractor);

/* dn_extractor_run, and what dn_extractor_backward needs of it:
 * gates[count * dn_extractor_gate_count()]. */
dn_status dn_extractor_run_keeping(dn_extractor *extractor, dn_view *views, int count,
                                   float *features, uint8_t *gates, dn_error *error);
size_t dn_extractor_gate_count(const dn_extractor *extractor);

/* dpixels[count][height][width][3] at the normalised pixels from dfeatures[count][..]; between the
 * layers in f32, or in bf16 where the products of `compute` are. */
dn_status dn_extractor_backward(dn_extractor *extractor, float *dpixels, const float *dfeatures,
                                const uint8_t *gates, int count, dn_error *error);

#endif
