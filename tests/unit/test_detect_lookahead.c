/* Pictures read ahead are those that reading gives, and so are failures. */
#include "base/memory.h"
#include "detect/features/lookahead.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

typedef struct scene {
    char *folder, paths[6][512];
    dn_lookahead ahead;
} scene;

/* Number i is 5 x 2 pixels of the grey i. */
static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    dn_error error = {0};
    self->folder = temporary_create();
    for (int i = 0; i < 6; i++) {
        uint8_t pgm[] = "P5\n5 2\n255\n          ";
        char name[16];
        memset(pgm + sizeof pgm - 11, i, 10);
        snprintf(name, sizeof name, "%d.pgm", i);
        snprintf(self->paths[i], sizeof self->paths[i], "%s",
                 put_file(self->folder, name, pgm, sizeof pgm - 1));
    }
    assert_ok(dn_lookahead_create(&self->ahead, &error));
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    dn_lookahead_destroy(&self->ahead);
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static void assert_taken(scene *self, int number) {
    dn_picture picture;
    assert_true(dn_lookahead_take(&self->ahead, self->paths[number], 0, &picture));
    assert_int_equal(picture.failure.status, DN_OK);
    assert_int_equal(picture.image.width, 5);
    assert_int_equal(picture.image.pixels[29], number);
    dn_image_free(&picture.image);
}

static void test_pictures(void **state) {
    scene *self = *state;
    dn_picture picture;
    assert_false(dn_lookahead_take(&self->ahead, self->paths[0], 0, &picture));
    dn_lookahead_expect(&self->ahead, self->paths[0], NULL);
    dn_lookahead_expect(&self->ahead, self->paths[1], NULL);
    assert_taken(self, 1);
    assert_taken(self, 0);
    assert_false(dn_lookahead_take(&self->ahead, self->paths[0], 0, &picture));
}

/* The oldest of too many is forgotten; what nobody asks for is freed in the end. */
static void test_too_many(void **state) {
    scene *self = *state;
    dn_picture picture;
    for (int i = 0; i < 6; i++)
        dn_lookahead_expect(&self->ahead, self->paths[i], NULL);
    assert_false(dn_lookahead_take(&self->ahead, self->paths[0], 0, &picture));
    assert_false(dn_lookahead_take(&self->ahead, self->paths[1], 0, &picture));
    assert_taken(self, 4);
    assert_taken(self, 2);
}

static void test_digests(void **state) {
    scene *self = *state;
    uint8_t digest[DN_DIGEST_BYTES] = {0};
    dn_picture picture;
    dn_lookahead_expect(&self->ahead, self->paths[0], digest);
    assert_false(dn_lookahead_take(&self->ahead, self->paths[0], 0, &picture));
    assert_true(dn_lookahead_take(&self->ahead, self->paths[0], 1, &picture));
    assert_int_equal(picture.failure.status, DN_OK);
    assert_true(dn_digest_is_known(picture.digest));
    dn_image_free(&picture.image);
    dn_lookahead_expect(&self->ahead, self->paths[1], picture.digest); /* another file's */
    assert_true(dn_lookahead_take(&self->ahead, self->paths[1], 1, &picture));
    assert_int_equal(picture.failure.status, DN_ERROR_IO);
    assert_non_null(strstr(picture.failure.message, "has changed since it was read first"));
    assert_null(picture.image.pixels);
}

static void test_failures(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_image image = {0};
    dn_picture picture;
    char missing[600];
    snprintf(missing, sizeof missing, "%s/none.pgm", self->folder);
    assert_int_equal(dn_image_read(missing, NULL, &image, &error), DN_ERROR_IO);
    dn_lookahead_expect(&self->ahead, missing, NULL);
    assert_true(dn_lookahead_take(&self->ahead, missing, 0, &picture));
    assert_int_equal(picture.failure.status, error.status);
    assert_string_equal(picture.failure.message, error.message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pictures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_digests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
