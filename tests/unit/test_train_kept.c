/* What is kept on disk is used for the very same numbers only: each thing that features and
 * checkpoints depend on is changed in turn (docs/bank.md has the table). */
#include "base/file.h"
#include "base/memory.h"
#include "base/program.h"
#include "change_key.h"
#include "image/formats/decoders.h"
#include "train/schedule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8 };

typedef struct scene {
    char *folder;
    dn_config *config; /* of the detector, too */
    dn_detector detector;
    dn_compute compute;
    dn_backend other;   /* a copy of the backend's table, to change */
    dn_network renamed; /* a copy of the network's description */
    dn_views_kind kind;
    dn_observer observer;
    int warnings;
    char picture[512];
    dn_sample sample;
    dn_trainer trainer;
    dn_checkpoint checkpoint;
} scene;

static dn_error error;

static void set(scene *self, const char *key, const char *value) {
    assert_ok(dn_config_set(self->config, key, value, &error));
}

static void put_picture(scene *self, int grey) {
    uint8_t pixels[SIDE * SIDE];
    memset(pixels, grey, SIDE * SIDE);
    snprintf(self->picture, sizeof self->picture, "%s",
             put_image(self->folder, "picture.pgm", SIDE, SIDE, 1, pixels));
}

static void on_message(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    self->warnings += severity == DN_WARNING && strstr(message, "will differ from that of") != NULL;
}

static void configure(scene *self) {
    static const char *const small[][2] = {{"img_size", "[128, 128]"},   {"n_scales", "1"},
                                           {"fc_internal", "8"},         {"n_coupling_blocks", "1"},
                                           {"n_transforms_test", "3"},   {"n_transforms", "1"},
                                           {"batch_size", "1"},          {"meta_epochs", "3"},
                                           {"sub_epochs", "1"},          {"checkpoint_share", "1"},
                                           {"train_rotations", "bank:3"}};
    char cache[300];
    assert_ok(dn_config_create(&self->config, &error));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        set(self, small[i][0], small[i][1]);
    snprintf(cache, sizeof cache, "\"%s/cache\"", self->folder);
    set(self, "cache_dir", cache);
}

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    configure(self);
    put_picture(self, 100);
    self->detector.config = self->config;
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &self->detector.backbone, &error));
    assert_ok(dn_compute_open("auto", 2, &self->compute, &error));
    self->other = *self->compute.backend;
    self->observer = (dn_observer){.user = self, .on_message = on_message};
    self->sample = (dn_sample){.path = self->picture, .name = self->picture};
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    dn_trainer_destroy(&self->trainer);
    dn_compute_close(&self->compute);
    dn_detector_close(&self->detector);
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

/* ---- what there is of other machines ---- */

static const char *other_version(void) {
    return "oneDNN 9.9.9";
}

static const char *other_instructions(void) {
    return "AVX2; own kernels AVX2";
}

static void change_backend(scene *self) {
    self->other.name = "another";
    self->compute.backend = &self->other;
}

static void change_version(scene *self) {
    self->other.version = other_version;
    self->compute.backend = &self->other;
}

static void change_instructions(scene *self) {
    self->other.instructions = other_instructions;
    self->compute.backend = &self->other;
}

static void change_products(scene *self) {
    int is_f32 = self->compute.products == DN_ELEMENT_F32;
    self->compute.products = is_f32 ? DN_ELEMENT_BF16 : DN_ELEMENT_F32;
}

static void open_compute(scene *self, const char *name, dn_precision precision) {
    dn_compute_close(&self->compute);
    assert_ok(dn_compute_open_in(name, precision, 2, &self->compute, &error));
}

/* The reference backend has every precision. */
static void change_precision(scene *self) {
    open_compute(self, "reference", DN_PRECISION_BF16);
}

/* ---- features ---- */

static int test_views(const scene *self) {
    return self->kind == DN_VIEWS_EVEN ? dn_test_rotations(self->config)
                                       : dn_config_bank(self->config);
}

/* Whether the picture's features had to be computed. */
static int computes(scene *self) {
    dn_feature_source source;
    dn_extractor *extractor;
    uint8_t digest[DN_DIGEST_BYTES] = {0};
    dn_error failure;
    const dn_feature_origin origin = {&self->compute, &self->detector.backbone};
    assert_ok(dn_extractor_create(&self->compute, self->config, &self->detector.backbone,
                                  &self->detector.roi, &extractor, &error));
    assert_ok(dn_feature_source_create(extractor, self->config, &origin, self->kind,
                                       test_views(self), &self->observer, &source, &error));
    assert_true(dn_feature_source_has_bank(&source));
    assert_ok(dn_feature_source_get(&source, self->picture, digest, &failure, &error));
    assert_int_equal(failure.status, DN_OK);
    size_t computed = source.computed;
    dn_feature_source_destroy(&source);
    dn_extractor_destroy(extractor);
    return computed > 0;
}

/* Twice: what was computed is found again. */
static void assert_new(scene *self, const char *what) {
    if (!computes(self))
        fail_msg("another %s: features of the former one were taken", what);
    if (computes(self))
        fail_msg("another %s: features were not kept", what);
}

static void change_picture(scene *self) {
    put_picture(self, 101);
}

static void change_backbone(scene *self) {
    char *digit = &self->detector.backbone.digest[63];
    *digit = *digit == '0' ? '1' : '0';
}

/* The key takes the name of a network alone from its description. */
static void change_network(scene *self) {
    self->renamed = *self->detector.backbone.network;
    self->renamed.name = "another";
    self->detector.backbone.network = &self->renamed;
}

static void change_roi(scene *self) {
    uint8_t *inside = calloc(1, 128 * 128);
    memset(inside, 1, 128 * 64);
    assert_ok(dn_roi_of_values(inside, "mask", 128, 128, &self->detector.roi, &error));
    free(inside);
}

static void change_kind(scene *self) {
    self->kind = DN_VIEWS_SPREAD;
}

static void test_features_of_another_origin(void **state) {
    static const struct {
        const char *what;
        void (*change)(scene *self);
    } changes[] = {{"backend", change_backend},
                   {"version", change_version},
                   {"instruction set", change_instructions},
                   {"picture", change_picture},
                   {"backbone", change_backbone},
                   {"network", change_network},
                   {"region of interest", change_roi},
                   {"kind of views", change_kind},
                   {"precision", change_precision}};
    scene *self = *state;
    assert_new(self, "folder");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const dn_backend *backend = self->compute.backend;
        changes[i].change(self);
        assert_new(self, changes[i].what);
        if (i < 3) { /* the others stay: each is one more change */
            self->compute.backend = backend;
            self->other = *backend;
            assert_false(computes(self));
        }
    }
}

/* Steps, which differ from model to model, count where they are used. */
static void test_features_with_other_steps(void **state) {
    scene *self = *state;
    dn_backbone_steps *steps = &self->detector.backbone.steps;
    steps->known = 1;
    for (int i = 0; i < DN_NETWORK_MOST_STEPS; i++)
        steps->step[0][i] = 0.1f;
    open_compute(self, "reference", DN_PRECISION_INT8);
    assert_new(self, "precision");
    steps->step[0][1] = 0.2f;
    assert_new(self, "set of activation steps");
    open_compute(self, "reference", DN_PRECISION_BF16);
    assert_new(self, "precision");
    steps->step[0][1] = 0.3f;
    assert_false(computes(self));
}

/* Features of tiles depend on where these lie, and on what passes the network with them. */
static void test_features_of_tiles(void **state) {
    scene *self = *state;
    assert_true(computes(self));
    set(self, "tiles", "128");
    assert_new(self, "number of tiles");
    set(self, "tile_overlap", "0.5");
    assert_new(self, "tile_overlap");
    set(self, "tile_scale", "2");
    assert_new(self, "tile_scale");
    set(self, "places", "gaussian");
    set(self, "tile_reduction", "top:3");
    assert_false(computes(self)); /* neither changes a feature */
    set(self, "tiles", "off");
    set(self, "places", "off");
    assert_false(computes(self));
}

static int is_among(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

/* Each key in turn. A new key belongs into feature_key.c and these lists, or into neither. */
static void check_keys(scene *self, const char *const *wanted) {
    assert_true(computes(self));
    for (size_t i = 0; i < DN_KEY_COUNT; i++) {
        const char *name = dn_keys[i].key.name;
        struct dn_config kept = *self->config;
        if (strcmp(name, "cache_dir") == 0)
            continue;
        change_key(self->config, &dn_keys[i]);
        if (is_among(name, wanted))
            assert_new(self, name);
        else if (computes(self))
            fail_msg("%s: features do not depend on it", name);
        *self->config = kept;
    }
    assert_false(computes(self));
}

static void test_keys_of_scoring_features(void **state) {
    static const char *const keys[] = {"img_size", "norm_mean",         "norm_std",
                                       "n_scales", "n_transforms_test", "transf_rotations",
                                       NULL};
    check_keys(*state, keys);
}

static void test_keys_of_training_features(void **state) {
    static const char *const keys[] = {"img_size",
                                       "norm_mean",
                                       "norm_std",
                                       "n_scales",
                                       "train_rotations",
                                       "transf_rotations",
                                       "transf_contrast",
                                       "transf_brightness",
                                       "transf_saturation",
                                       "add_img_noise",
                                       NULL};
    scene *self = *state;
    self->kind = DN_VIEWS_SPREAD;
    check_keys(self, keys);
}

/* What this process cannot change stands in the key, so that another program's key is another. */
static void test_key_names_the_program(void **state) {
    scene *self = *state;
    char program[DN_PROGRAM_TEXT], decoders[DN_DECODERS_TEXT], *key;
    dn_extractor *extractor;
    const dn_views views = {.kind = DN_VIEWS_EVEN, .count = 3, .config = self->config};
    const dn_feature_origin origin = {&self->compute, &self->detector.backbone};
    dn_describe_program(program);
    dn_describe_decoders(decoders);
    assert_non_null(strstr(program, dn_version()));
    static const char *const libraries[] = {"libjpeg", "libpng ", "libtiff ", "libwebp "};
    for (int i = 0; i < 4; i++) {
        const char *library = strstr(decoders, libraries[i]);
        assert_non_null(library);
        assert_true(isdigit((unsigned char)strchr(library, ' ')[1]));
    }
    assert_ok(dn_extractor_create(&self->compute, self->config, &self->detector.backbone, NULL,
                                  &extractor, &error));
    assert_ok(dn_feature_key(extractor, &views, &origin, &key, &error));
    assert_int_equal(strncmp(key, "differnet features ", 19), 0);
    assert_true(isdigit((unsigned char)key[19]));
    assert_non_null(strstr(key, program));
    assert_non_null(strstr(key, decoders));
    dn_text_free(key);
    dn_extractor_destroy(extractor);
}

/* ---- checkpoints ---- */

static void train(scene *self) {
    self->checkpoint = (dn_checkpoint){.dataset_sha256 = "training images",
                                       .evaluated_sha256 = "evaluated images",
                                       .network = "alexnet",
                                       .backbone_sha256 = "backbone",
                                       .roi_sha256 = ""};
    snprintf(self->checkpoint.path, sizeof self->checkpoint.path, "%s/checkpoint", self->folder);
    assert_ok(dn_trainer_create(&self->detector, &self->compute, &self->sample, 1, NULL, 0,
                                &self->observer, &self->trainer, &error));
    assert_ok(dn_trainer_run(&self->trainer, &self->checkpoint, &error));
    dn_trainer_destroy(&self->trainer);
    assert_ok(dn_trainer_create(&self->detector, &self->compute, &self->sample, 1, NULL, 0,
                                &self->observer, &self->trainer, &error));
}

static dn_status read_checkpoint(scene *self) {
    size_t log_bytes;
    error = (dn_error){0};
    return dn_checkpoint_read(&self->checkpoint, &self->trainer, &log_bytes, &error);
}

static void assert_refused(scene *self, dn_status status, const char *what) {
    assert_int_equal(read_checkpoint(self), status);
    if (!strstr(error.message, what))
        fail_msg("\"%s\" is not in the message: %s", what, error.message);
}

/* Refused, or continued with a warning where that is asked for. */
static void assert_inexact(scene *self, const char *what) {
    assert_refused(self, DN_ERROR_UNSUPPORTED, what);
    assert_non_null(strstr(error.message, "exact_resume"));
    self->config->exact_resume = 0;
    self->warnings = 0;
    assert_ok(read_checkpoint(self));
    assert_int_equal(self->warnings, 1);
    self->config->exact_resume = 1;
}

static void test_checkpoint_of_other_keys(void **state) {
    scene *self = *state;
    train(self);
    assert_ok(read_checkpoint(self));
    for (size_t i = 0; i < DN_KEY_COUNT; i++) {
        struct dn_config kept = *self->config;
        change_key(self->config, &dn_keys[i]);
        if (dn_keys[i].scope == DN_KEY_OF_MODEL)
            assert_refused(self, DN_ERROR_CONFIG, dn_keys[i].key.name);
        else
            assert_ok(read_checkpoint(self));
        *self->config = kept;
    }
    assert_int_equal(self->warnings, 0);
}

static void test_checkpoint_of_other_data(void **state) {
    scene *self = *state;
    dn_checkpoint *checkpoint = &self->checkpoint;
    train(self);
    const struct {
        const char **digest, *what;
    } digests[] = {
        {&checkpoint->dataset_sha256, "data set"},
        {&checkpoint->network, "another network: alexnet in the checkpoint, now another"},
        {&checkpoint->backbone_sha256, "backbone"},
        {&checkpoint->roi_sha256, "region of interest"}};
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        const char *kept = *digests[i].digest;
        *digests[i].digest = "another";
        assert_refused(self, DN_ERROR_DATA, digests[i].what);
        *digests[i].digest = kept;
    }
    checkpoint->evaluated_sha256 = "other images";
    assert_inexact(self, "evaluated images");
}

static void test_checkpoint_of_another_machine(void **state) {
    static const struct {
        const char *what;
        void (*change)(scene *self);
    } changes[] = {{"compute is", change_backend},
                   {"oneDNN 9.9.9", change_version},
                   {"\" in the checkpoint, now \"AVX2; own kernels AVX2\"", change_instructions},
                   {"precision is", change_products}};
    scene *self = *state;
    train(self);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const dn_compute kept = self->compute;
        changes[i].change(self);
        assert_inexact(self, changes[i].what);
        self->compute = kept;
        self->other = *kept.backend;
        assert_ok(read_checkpoint(self));
    }
}

/* In the file, which this program cannot have written. */
static void patch(const scene *self, const char *from, const char *to) {
    uint8_t *bytes;
    size_t size;
    assert_ok(dn_file_read(self->checkpoint.path, 1 << 28, &bytes, &size, &error));
    uint8_t *place = memmem(bytes, size, from, strlen(from));
    if (!place)
        fail_msg("the checkpoint does not name %s", from);
    memcpy(place, to, strlen(to));
    put_file(self->folder, "checkpoint", bytes, size);
    dn_release(bytes);
}

static void test_checkpoint_of_another_program(void **state) {
    scene *self = *state;
    train(self);
    patch(self, "libpng ", "libgnp ");
    assert_inexact(self, "libgnp");
    patch(self, "libgnp ", "libpng ");
    assert_ok(read_checkpoint(self));
    patch(self, "differnet 0.", "differnet 9.");
    assert_inexact(self, "program is \"differnet 9.");
    patch(self, "differnet-checkpoint-", "differnet-checkpaint-");
    assert_refused(self, DN_ERROR_FORMAT, "is of format \"differnet-checkpaint-");
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_features_of_another_origin),
        with_scene(test_features_with_other_steps),
        with_scene(test_features_of_tiles),
        with_scene(test_keys_of_scoring_features),
        with_scene(test_keys_of_training_features),
        with_scene(test_key_names_the_program),
        with_scene(test_checkpoint_of_other_keys),
        with_scene(test_checkpoint_of_other_data),
        with_scene(test_checkpoint_of_another_machine),
        with_scene(test_checkpoint_of_another_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
