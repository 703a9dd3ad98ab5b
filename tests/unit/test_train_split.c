/* Images held out of training: every fold once, shares at random and repeatable. */
#include "support/support.h"
#include "train/split.h"

#include <math.h>
#include <string.h>

static dn_error error;

static void make_samples(dn_sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++)
        samples[i] = (dn_sample){.label = (int)i};
}

static void assert_rising(const dn_sample *samples, size_t count) {
    for (size_t i = 1; i < count; i++)
        assert_true(samples[i - 1].label < samples[i].label);
}

static void every_fold_once(void **state) {
    (void)state;
    enum { COUNT = 23, FOLDS = 5 };
    dn_sample samples[COUNT];
    int held[COUNT] = {0};
    make_samples(samples, COUNT);
    for (size_t fold = 0; fold < FOLDS; fold++) {
        dn_training_split part;
        assert_ok(dn_split_fold(samples, COUNT, FOLDS, fold, 3, &part, &error));
        assert_int_equal(part.train_count + part.held_count, COUNT);
        assert_rising(part.samples, part.train_count);
        assert_rising(part.samples + part.train_count, part.held_count);
        for (size_t i = 0; i < COUNT; i++)
            assert_int_equal(part.samples[i].label, part.places[i]);
        for (size_t i = part.train_count; i < COUNT; i++)
            held[part.places[i]]++;
        dn_split_free(&part);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(held[i], 1);
}

static void a_share_is_random_and_repeatable(void **state) {
    (void)state;
    dn_sample samples[100];
    dn_training_split a, b, c;
    make_samples(samples, 100);
    assert_ok(dn_split_share(samples, 100, 0.101, 1, &a, &error));
    assert_ok(dn_split_share(samples, 100, 0.101, 1, &b, &error));
    assert_ok(dn_split_share(samples, 100, 0.101, 2, &c, &error));
    assert_int_equal(a.held_count, 11);
    assert_memory_equal(a.places, b.places, 100 * sizeof *a.places);
    assert_memory_not_equal(a.places, c.places, 100 * sizeof *a.places);
    dn_split_free(&a);
    dn_split_free(&b);
    dn_split_free(&c);
    assert_fails(dn_split_share(samples, 1, 0.5, 1, &a, &error), DN_ERROR_DATA,
                 "of 1 training images 1 would be held out");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fold_once),
        cmocka_unit_test(a_share_is_random_and_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
