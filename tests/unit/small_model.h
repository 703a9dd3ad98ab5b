/* Shared by tests that score with a model: one that is made and scores in a moment. */
#ifndef DN_TESTS_SMALL_MODEL_H
#define DN_TESTS_SMALL_MODEL_H

#include "base/memory.h"
#include "detect/detector.h"
#include "support/support.h"

#include <stdio.h>

static inline void set_key(dn_config *config, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(config, key, value, &error));
}

static inline void configure_small(dn_config *config) {
    static const char *const small[][2] = {{"img_size", "[64, 64]"},   {"n_scales", "1"},
                                           {"fc_internal", "32"},      {"n_coupling_blocks", "2"},
                                           {"n_transforms_test", "2"}, {"n_transforms", "2"},
                                           {"class_name", "part"},     {"threads", "2"}};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        set_key(config, small[i][0], small[i][1]);
}

/* A detector with random weights; dn_detector_close. */
static inline void create_small_detector(dn_detector *detector) {
    dn_error error = {0};
    *detector = (dn_detector){.calibration = dn_calibration_none()};
    assert_ok(dn_config_create(&detector->config, &error));
    configure_small(detector->config);
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &detector->backbone, &error));
    detector->flow = dn_flow_shape_of(detector->config, detector->backbone.network);
    assert_ok(
        dn_allocate_floats(&detector->owned, dn_flow_parameter_count(&detector->flow), &error));
    dn_flow_initialize(&detector->flow, detector->owned, 1, 2);
    detector->parameters = detector->owned;
}

static inline void write_small_model(const char *path) {
    dn_error error = {0};
    dn_detector detector;
    const dn_provenance provenance = {.dataset_sha256 = "none"};
    create_small_detector(&detector);
    assert_ok(dn_detector_save(&detector, path, &provenance, &error));
    dn_detector_close(&detector);
}

/* pixels[side][side][3] that differ from number to number. */
static inline void draw_pixels(uint8_t *pixels, int side, int number) {
    for (int i = 0; i < side * side * 3; i++)
        pixels[i] = (uint8_t)(i * (number + 3) >> (number % 5));
}

/* A picture of such pixels as PPM; returns its path (static buffer). */
static inline const char *put_pixels(const char *folder, const char *name, int side, int number) {
    dn_error error = {0};
    void *block;
    assert_ok(dn_allocate(&block, (size_t)side * (size_t)side * 3, 1, &error));
    draw_pixels(block, side, number);
    const char *path = put_image(folder, name, side, side, 3, block);
    dn_release(block);
    return path;
}

#endif
