/* How many rotations a score needs: pasted patches, numbers tried, and the choice among them. */
#include "image/transform/pasted_patch.h"
#include "inspect/inspector.h"
#include "small_model.h"
#include "train/choices/rotation_advice.h"

#include <stdlib.h>
#include <string.h>

static dn_error error;

static void a_patch_is_small_and_repeatable(void **state) {
    (void)state;
    enum { SIDE = 100 };
    dn_image a, b, before;
    for (int k = 0; k < 50; k++) {
        dn_random first, second;
        dn_random_init(&first, 7, DN_RANDOM_CHANGE, (uint32_t)k);
        second = first;
        assert_ok(dn_image_create(SIDE, SIDE, &a, &error));
        assert_ok(dn_image_create(SIDE, SIDE, &b, &error));
        assert_ok(dn_image_create(SIDE, SIDE, &before, &error));
        draw_pixels(a.pixels, SIDE, k);
        draw_pixels(b.pixels, SIDE, k);
        draw_pixels(before.pixels, SIDE, k);
        dn_image_paste_patch(&a, &first);
        dn_image_paste_patch(&b, &second);
        assert_memory_equal(a.pixels, b.pixels, 3 * SIDE * SIDE);
        int changed = 0;
        for (int i = 0; i < SIDE * SIDE; i++)
            changed += memcmp(a.pixels + 3 * i, before.pixels + 3 * i, 3) != 0;
        assert_in_range(changed, 1, SIDE * SIDE * 3 / 100);
        dn_image_free(&a);
        dn_image_free(&b);
        dn_image_free(&before);
    }
}

/* A patch that overlaps its source holds the source as it was. */
static void an_overlapping_patch_copies_what_was_there(void **state) {
    (void)state;
    enum { SIDE = 8 };
    for (uint32_t k = 0; k < 200; k++) {
        dn_image image;
        dn_random random;
        dn_random_init(&random, 1, DN_RANDOM_CHANGE, k);
        assert_ok(dn_image_create(SIDE, SIDE, &image, &error));
        memset(image.pixels, 80, 3 * SIDE * SIDE);
        dn_image_paste_patch(&image, &random);
        for (int i = 0; i < 3 * SIDE * SIDE; i++) /* changed once: 60 to 100, never twice */
            assert_in_range(image.pixels[i], 60, 100);
        dn_image_free(&image);
    }
}

typedef struct scene {
    char *folder, paths[12][512];
    dn_sample samples[12];
    dn_detector detector;
    dn_inspector *inspector;
} scene;

static void open_scene(scene *self, const char *rotations) {
    const dn_inspector_options options = {
        .compute = "auto", .threads = 2, .rotations = atoi(rotations)};
    memset(self, 0, sizeof *self);
    self->folder = temporary_create();
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02d.ppm", i);
        snprintf(self->paths[i], sizeof self->paths[i], "%s",
                 put_pixels(self->folder, name, 64, i));
        self->samples[i].path = self->paths[i];
    }
    create_small_detector(&self->detector);
    set_key(self->detector.config, "n_transforms_test", rotations);
    assert_ok(dn_inspector_open(&self->detector, &options, &self->inspector, &error));
    dn_inspector_set_parameters(self->inspector, self->detector.parameters, NULL);
}

static void close_scene(scene *self) {
    dn_inspector_destroy(self->inspector);
    dn_detector_close(&self->detector);
    temporary_remove(self->folder);
}

/* What the advice says of all rotations is what the inspector scores. */
static void tries_halves_of_the_rotations(void **state) {
    (void)state;
    scene self;
    dn_rotation_advice advice, again;
    char text[1024];
    open_scene(&self, "4");
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 12, 3, &advice, &error));
    assert_int_equal(advice.pictures, 12);
    assert_int_equal(advice.copies, DN_ADVICE_COPIES);
    assert_int_equal(advice.count, 3);
    assert_int_equal(advice.rotations[0], 1);
    assert_int_equal(advice.rotations[1], 2);
    assert_int_equal(advice.rotations[2], 4);
    for (int i = 0; i < 3; i++)
        assert_in_range(1000 * advice.auroc[i], 0, 1000);
    int least = 2;
    while (least > 0 && advice.auroc[least - 1] >= advice.auroc[2] - DN_ADVICE_LOSS)
        least--;
    assert_int_equal(advice.enough, advice.rotations[least]);
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 12, 3, &again, &error));
    assert_memory_equal(&advice, &again, sizeof advice);
    dn_rotation_advice_print(&advice, text, sizeof text);
    assert_non_null(strstr(text, "12 held-out good pictures and 36 copies"));
    close_scene(&self);
}

static void no_advice_where_nothing_can_be_said(void **state) {
    (void)state;
    scene self;
    dn_rotation_advice advice;
    char text[64];
    open_scene(&self, "4");
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 7, 3, &advice, &error));
    assert_int_equal(advice.count, 0); /* too few */
    for (int i = 0; i < 5; i++)
        self.samples[i].label = 1;
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 12, 3, &advice, &error));
    assert_int_equal(advice.count, 0); /* too few good ones */
    for (int i = 0; i < 5; i++)
        self.samples[i] = (dn_sample){.path = "missing.png"};
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 12, 3, &advice, &error));
    assert_int_equal(advice.count, 0); /* too few that can be read */
    dn_rotation_advice_print(&advice, text, sizeof text);
    assert_string_equal(text, "");
    close_scene(&self);
    open_scene(&self, "1");
    assert_ok(dn_advise_rotations(self.inspector, self.samples, 12, 3, &advice, &error));
    assert_int_equal(advice.count, 0);
    close_scene(&self);
}

static void says_what_is_enough(void **state) {
    (void)state;
    char text[1024];
    dn_rotation_advice advice = {.pictures = 20,
                                 .copies = 3,
                                 .count = 2,
                                 .rotations = {4, 8},
                                 .auroc = {0.9, 0.95},
                                 .enough = 8};
    dn_rotation_advice_print(&advice, text, sizeof text);
    assert_string_equal(
        text,
        "rotations: on 20 held-out good pictures and 60 copies with a pasted patch the AUROC is "
        "0.900 with 4, 0.950 with 8; all 8 are needed");
    advice.enough = 4;
    dn_rotation_advice_print(&advice, text, sizeof text);
    assert_non_null(strstr(text, "; 4 of 8 are enough, in 1/2 of the time"));
    dn_rotation_advice_print(&advice, text, 40); /* cut off, not written past */
    assert_int_equal(strlen(text), 39);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_is_small_and_repeatable),
        cmocka_unit_test(an_overlapping_patch_copies_what_was_there),
        cmocka_unit_test(tries_halves_of_the_rotations),
        cmocka_unit_test(no_advice_where_nothing_can_be_said),
        cmocka_unit_test(says_what_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
