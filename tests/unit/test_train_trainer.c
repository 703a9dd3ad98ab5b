/* What the trainer draws, keeps and refuses, looked at from inside. */
#include "support/support.h"
#include "train/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IMAGES = 4, TRANSFORMS = 8, VIEWS = IMAGES * TRANSFORMS, EPOCHS = 6, META_EPOCHS = 4 };

typedef struct scene {
    char *folder, paths[IMAGES][256];
    dn_config *config;
    dn_sample samples[IMAGES];
    dn_detector detector; /* not trained: configuration and backbone */
    dn_compute compute;
    dn_trainer trainer;
    dn_observer observer;
    double degrees[EPOCHS][VIEWS]; /* of every epoch's views, noted when it ends */
    int epochs;
    float *ruined;
    int kept[META_EPOCHS]; /* in each meta epoch, whose checkpoint there was */
    const char *checkpoint_path;
    int warnings;
} scene;

static void set(scene *self, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(self->config, key, value, &error));
}

static void put_sample(scene *self, int index) {
    uint8_t pixels[8 * 8];
    char name[32];
    memset(pixels, 40 * (index + 1), sizeof pixels);
    snprintf(name, sizeof name, "%d.pgm", index);
    snprintf(self->paths[index], sizeof self->paths[index], "%s",
             put_image(self->folder, name, 8, 8, 1, pixels));
    self->samples[index] = (dn_sample){.path = self->paths[index], .name = self->paths[index]};
}

/* All images make one batch, so at the end of an epoch `views` holds that epoch's draws. */
static int on_progress(void *user, const dn_progress *progress) {
    scene *self = user;
    if (progress->stage != DN_STAGE_TRAIN || progress->images_done < progress->images_total)
        return 0;
    for (int i = 0; i < VIEWS; i++)
        self->degrees[self->epochs][i] = self->trainer.views[i].degrees;
    self->epochs++;
    return 0;
}

static int set_up(void **state) {
    static const char *const small[][2] = {
        {"img_size", "[64, 64]"},   {"n_scales", "1"},    {"fc_internal", "8"},
        {"n_coupling_blocks", "1"}, {"batch_size", "4"},  {"n_transforms", "8"},
        {"n_transforms_test", "2"}, {"meta_epochs", "2"}, {"sub_epochs", "3"}};
    dn_error error = {0};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    assert_ok(dn_config_create(&self->config, &error));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        set(self, small[i][0], small[i][1]);
    for (int i = 0; i < IMAGES; i++)
        put_sample(self, i);
    self->detector.config = self->config;
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &self->detector.backbone, &error));
    assert_ok(dn_compute_open("auto", 2, &self->compute, &error));
    self->observer = (dn_observer){.user = self, .on_progress = on_progress};
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

static void create(scene *self) {
    dn_error error = {0};
    assert_ok(dn_trainer_create(&self->detector, &self->compute, self->samples, IMAGES, NULL, 0,
                                &self->observer, &self->trainer, &error));
}

static void run(scene *self) {
    dn_error error = {0};
    create(self);
    assert_ok(dn_trainer_run(&self->trainer, NULL, &error));
    assert_int_equal(self->epochs, EPOCHS);
}

/* Uniform in [-180, 180): 192 draws; fresh ones in every epoch, for every view. */
static void test_random_rotations(void **state) {
    scene *self = *state;
    double sum = 0, squares = 0, low = 0, high = 0;
    run(self);
    for (int e = 0; e < EPOCHS; e++) {
        for (int i = 0; i < VIEWS; i++) {
            double degrees = self->degrees[e][i];
            assert_true(degrees >= -180 && degrees < 180);
            for (int other = 0; other < e * VIEWS + i; other++)
                assert_true(degrees != self->degrees[other / VIEWS][other % VIEWS]);
            sum += degrees;
            squares += degrees * degrees;
            low = fmin(low, degrees);
            high = fmax(high, degrees);
        }
    }
    double count = EPOCHS * VIEWS, deviation = 360 / sqrt(12);
    assert_true(fabs(sum / count) < 4 * deviation / sqrt(count));
    assert_true(fabs(sqrt(squares / count) / deviation - 1) < 0.15);
    assert_true(low < -160 && high > 160);
}

static void test_no_rotations(void **state) {
    scene *self = *state;
    set(self, "transf_rotations", "false");
    run(self);
    for (int e = 0; e < EPOCHS; e++)
        for (int i = 0; i < VIEWS; i++)
            assert_true(self->degrees[e][i] == 0);
    assert_int_equal(self->trainer.inspector->scorer.rotations, 1);
}

/* A loss that is not a number ends the step before any parameter is touched. */
static void test_divergence_is_named(void **state) {
    scene *self = *state;
    dn_error error = {0};
    double loss;
    create(self);
    for (int i = 0; i < 256; i++)
        self->trainer.x[i] = NAN;
    float before = self->trainer.parameters[0];
    assert_fails(dn_trainer_step(&self->trainer, 1, NULL, &loss, &error), DN_ERROR_NUMERIC,
                 "the loss of step 1 is not a finite number");
    assert_true(self->trainer.parameters[0] == before);
    assert_int_equal(self->trainer.optimizer.adam.step, 0);
}

/* Ruins a number of the training once its second meta epoch has begun. */
static int ruin(void *user, const dn_progress *progress) {
    scene *self = user;
    if (progress->stage == DN_STAGE_TRAIN && progress->meta_epoch == 1)
        *self->ruined = NAN;
    return 0;
}

/* Trains with checkpoints until `ruined` is found out; the checkpoint before it is a good one. */
static void diverge(scene *self, float *ruined, const char *part) {
    dn_error error = {0};
    dn_checkpoint checkpoint = {.dataset_sha256 = "0",
                                .evaluated_sha256 = "1",
                                .network = "alexnet",
                                .backbone_sha256 = "2",
                                .roi_sha256 = ""};
    size_t log_bytes;
    snprintf(checkpoint.path, sizeof checkpoint.path, "%s/checkpoint", self->folder);
    self->ruined = ruined;
    self->observer.on_progress = ruin;
    assert_fails(dn_trainer_run(&self->trainer, &checkpoint, &error), DN_ERROR_NUMERIC, part);
    dn_trainer_destroy(&self->trainer);
    create(self);
    assert_ok(dn_checkpoint_read(&checkpoint, &self->trainer, &log_bytes, &error));
    assert_int_equal(self->trainer.position.meta, 0);
    assert_int_equal(self->trainer.position.sub, self->config->sub_epochs);
    assert_ok(dn_trainer_check(&self->trainer, &error));
}

static void test_ruined_weight(void **state) {
    scene *self = *state;
    create(self);
    diverge(self, &self->trainer.parameters[self->trainer.optimizer.count - 1],
            "after step 4 nf.module_list.2.s2.fc3.bias[255] is not a finite number");
}

/* A moment spoils its weight at the next step; in the last step there is none. */
static void test_ruined_moment(void **state) {
    scene *self = *state;
    set(self, "sub_epochs", "1");
    create(self);
    diverge(self, &self->trainer.optimizer.second[0],
            "after step 2 Adam's second moment of nf.module_list.2.s1.fc1.weight[0]");
}

/* Whose meta epoch the checkpoint is, as long as the next one trains. */
static int look_at_checkpoint(void *user, const dn_progress *progress) {
    scene *self = user;
    dn_error error = {0};
    dn_tensor_file *file;
    int meta = -1, sub = -1;
    if (progress->stage != DN_STAGE_TRAIN || progress->meta_epoch == 0)
        return 0;
    assert_ok(dn_tensor_file_open(self->checkpoint_path, &file, &error));
    sscanf(dn_tensor_file_metadata(file, "position"), "%d%d", &meta, &sub);
    dn_tensor_file_close(file);
    assert_int_equal(sub, self->config->sub_epochs);
    assert_in_range(meta, 0, META_EPOCHS - 1);
    self->kept[progress->meta_epoch] = meta;
    return 0;
}

static void train_with_checkpoints(scene *self, const char *share, const char *name) {
    dn_error error = {0};
    dn_checkpoint checkpoint = {.dataset_sha256 = "0",
                                .evaluated_sha256 = "1",
                                .network = "alexnet",
                                .backbone_sha256 = "2",
                                .roi_sha256 = ""};
    snprintf(checkpoint.path, sizeof checkpoint.path, "%s/%s", self->folder, name);
    set(self, "checkpoint_share", share);
    set(self, "meta_epochs", "4");
    create(self);
    self->checkpoint_path = checkpoint.path;
    assert_ok(dn_trainer_run(&self->trainer, &checkpoint, &error));
}

static void test_checkpoint_of_every_meta_epoch(void **state) {
    scene *self = *state;
    self->observer.on_progress = look_at_checkpoint;
    train_with_checkpoints(self, "1", "checkpoint");
    for (int meta = 1; meta < META_EPOCHS; meta++)
        assert_int_equal(self->kept[meta], meta - 1);
}

/* The first is always written; after it, no time may go into another. */
static void test_checkpoints_that_would_cost_too_much(void **state) {
    scene *self = *state;
    self->observer.on_progress = look_at_checkpoint;
    train_with_checkpoints(self, "1e-9", "checkpoint");
    for (int meta = 1; meta < META_EPOCHS; meta++)
        assert_int_equal(self->kept[meta], 0);
}

static void count_warning(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    self->warnings += severity == DN_WARNING && strstr(message, "no checkpoint: ") != NULL;
}

static void test_no_place_for_checkpoints(void **state) {
    scene *self = *state;
    self->observer.on_progress = NULL;
    self->observer.on_message = count_warning;
    train_with_checkpoints(self, "1", "nowhere/checkpoint");
    assert_int_equal(self->trainer.position.meta, META_EPOCHS);
    assert_int_equal(self->warnings, META_EPOCHS);
}

static void test_overflowing_backbone(void **state) {
    scene *self = *state;
    dn_error error = {0};
    const dn_backbone_weights *weights = &self->detector.backbone;
    int last = weights->network->step_count - 1;
    while (!weights->bias[last])
        last--;
    dn_backbone_values(weights, weights->bias[last])[0] = INFINITY;
    create(self);
    assert_fails(dn_trainer_run(&self->trainer, NULL, &error), DN_ERROR_NUMERIC,
                 "of an image is not a finite number");
}

/* A loss that cannot fall by 100 sets the mark in the first meta epoch and is stale in the next
 * two; one that learns goes on to the end. */
static void test_early_stop(void **state) {
    scene *self = *state;
    dn_error error = {0};
    set(self, "train_rotations", "bank:8");
    set(self, "cache_limit", "0");
    set(self, "early_stop", "1");
    set(self, "early_stop_delta", "0");
    self->observer.on_progress = NULL;
    create(self);
    assert_ok(dn_trainer_run(&self->trainer, NULL, &error));
    assert_int_equal(self->trainer.position.meta, 2);
    assert_int_equal(self->trainer.position.stale, 0);
    dn_trainer_destroy(&self->trainer);
    set(self, "early_stop_delta", "100");
    set(self, "meta_epochs", "9");
    set(self, "early_stop", "2");
    create(self);
    assert_ok(dn_trainer_run(&self->trainer, NULL, &error));
    assert_int_equal(self->trainer.position.meta, 3);
    assert_true(isfinite(self->trainer.position.best_loss));
}

/* Expected: torch.optim.lr_scheduler.CosineAnnealingLR(T_max=steps, eta_min=lr/50), lr = 0.0002. */
static void test_learning_rate_falls(void **state) {
    scene *self = *state;
    dn_error error = {0};
    double loss;
    set(self, "lr_schedule", "cosine");
    self->observer.on_progress = NULL;
    create(self);
    dn_trainer *trainer = &self->trainer;
    size_t batch = (size_t)self->config->batch_size;
    size_t steps = (trainer->images.count + batch - 1) / batch * 6; /* 2 times 3 epochs */
    for (int part = 0; part <= 2; part++) {
        static const double expected[] = {0.0002, 0.000102, 0.000004};
        trainer->optimizer.adam.step = (int64_t)steps * part / 2;
        memset(trainer->x, 0, (size_t)trainer->shape.features * sizeof(float));
        assert_ok(dn_trainer_step(trainer, 1, NULL, &loss, &error));
        assert_true(fabs(trainer->optimizer.adam.learning_rate - expected[part]) < 1e-15);
    }
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_random_rotations),
        with_scene(test_no_rotations),
        with_scene(test_divergence_is_named),
        with_scene(test_overflowing_backbone),
        with_scene(test_ruined_weight),
        with_scene(test_ruined_moment),
        with_scene(test_early_stop),
        with_scene(test_learning_rate_falls),
        with_scene(test_checkpoint_of_every_meta_epoch),
        with_scene(test_checkpoints_that_would_cost_too_much),
        with_scene(test_no_place_for_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
