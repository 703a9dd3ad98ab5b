/* Structs of callers that were compiled with an older or a newer header. */
#include "base/structs.h"
#include "support/support.h"

#include <string.h>

/* A struct as an old program, this library and a newer program know it. */
typedef struct old_thing {
    size_t struct_size;
    double first;
} old_thing;

typedef struct thing {
    size_t struct_size;
    double first, second;
} thing;

typedef struct new_thing {
    size_t struct_size;
    double first, second, third;
} new_thing;

static const dn_struct kind = {"thing", sizeof(thing), sizeof(old_thing)};

static dn_error error;

static void test_reads_every_age(void **state) {
    (void)state;
    const old_thing old = {sizeof old, 1};
    const thing present = {sizeof present, 1, 2};
    const new_thing newer = {sizeof newer, 1, 2, 0}, unknown = {sizeof unknown, 1, 2, 3};
    thing own = {9, 9, 9};
    assert_ok(dn_struct_read(&kind, &own, &old, &error));
    assert_true(own.struct_size == sizeof own && own.first == 1 && own.second == 0);
    assert_ok(dn_struct_read(&kind, &own, &present, &error));
    assert_true(own.first == 1 && own.second == 2);
    assert_ok(dn_struct_read(&kind, &own, &newer, &error));
    assert_true(own.struct_size == sizeof own && own.first == 1 && own.second == 2);
    assert_fails(dn_struct_read(&kind, &own, &unknown, &error), DN_ERROR_UNSUPPORTED,
                 "thing: sets members that differnet");
    assert_ok(dn_struct_read(&kind, &own, NULL, &error));
    assert_true(own.struct_size == sizeof own && own.first == 0 && own.second == 0);
}

/* No byte behind an old struct is written. */
static void test_writes_every_age(void **state) {
    (void)state;
    const thing own = {sizeof own, 1, 2};
    struct {
        old_thing given;
        double guard;
    } old = {{sizeof old.given, 9}, 9};
    new_thing newer = {sizeof newer, 9, 9, 9};
    dn_struct_write(&kind, &old, &own);
    assert_true(old.given.struct_size == sizeof old.given && old.given.first == 1);
    assert_true(old.guard == 9);
    dn_struct_write(&kind, &newer, &own);
    assert_true(newer.struct_size == sizeof newer && newer.first == 1 && newer.second == 2);
    assert_true(newer.third == 0);
    dn_struct_write(&kind, NULL, &own);
}

static void test_refuses_a_wrong_size(void **state) {
    (void)state;
    static const size_t wrong[] = {0, sizeof(old_thing) - 1, SIZE_MAX, (size_t)1 << 40};
    thing given = {0, 1, 2}, own;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        given.struct_size = wrong[i];
        assert_fails(dn_struct_check(&kind, &given, &error), DN_ERROR_ARGUMENT,
                     "set it to sizeof(thing), 24");
        assert_fails(dn_struct_read(&kind, &own, &given, &error), DN_ERROR_ARGUMENT,
                     "thing: struct_size is");
    }
    assert_ok(dn_struct_check(&kind, NULL, &error));
}

/* Of the public structs none begins otherwise, and none is smaller than its first release. */
static void test_public_structs(void **state) {
    (void)state;
    static const dn_struct *const kinds[] = {
        &dn_struct_result,        &dn_struct_image_source,
        &dn_struct_map_files,     &dn_struct_model_options,
        &dn_struct_score_options, &dn_struct_observer,
        &dn_struct_image_list,    &dn_struct_row_places,
        &dn_struct_metrics,       &dn_struct_calibration_summary,
        &dn_struct_train_summary, &dn_struct_export_options,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_true(kinds[i]->least <= kinds[i]->size && kinds[i]->size <= 1 << 16);
    assert_int_equal(offsetof(dn_result, struct_size), 0);
    assert_int_equal(offsetof(dn_image_source, struct_size), 0);
    assert_int_equal(offsetof(dn_map_files, struct_size), 0);
    assert_int_equal(offsetof(dn_model_options, struct_size), 0);
    assert_int_equal(offsetof(dn_score_options, struct_size), 0);
    assert_int_equal(offsetof(dn_observer, struct_size), 0);
    assert_int_equal(offsetof(dn_image_list, struct_size), 0);
    assert_int_equal(offsetof(dn_row_places, struct_size), 0);
    assert_int_equal(offsetof(dn_metrics, struct_size), 0);
    assert_int_equal(offsetof(dn_calibration_summary, struct_size), 0);
    assert_int_equal(offsetof(dn_train_summary, struct_size), 0);
    assert_int_equal(offsetof(dn_export_options, struct_size), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_age),
        cmocka_unit_test(test_writes_every_age),
        cmocka_unit_test(test_refuses_a_wrong_size),
        cmocka_unit_test(test_public_structs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
