/* base/: random numbers against published vectors and NumPy; parallel loops cover every item once.
 */
#include "base/mt19937.h"
#include "base/parallel.h"
#include "base/random.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Known-answer test of the Random123 distribution: philox4x32-10. */
static void test_philox_vectors(void **state) {
    (void)state;
    const uint32_t zero[4] = {0}, pi[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    const uint32_t zero_key[2] = {0}, pi_key[2] = {0xa4093822, 0x299f31d0};
    const uint32_t of_zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    const uint32_t of_pi[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    uint32_t output[4];
    dn_philox4x32(zero, zero_key, output);
    assert_memory_equal(output, of_zero, sizeof output);
    dn_philox4x32(pi, pi_key, output);
    assert_memory_equal(output, of_pi, sizeof output);
}

static void test_streams_differ_and_repeat(void **state) {
    (void)state;
    dn_random a, b, c;
    dn_random_init(&a, 1, DN_RANDOM_AUGMENT, 0);
    dn_random_init(&b, 1, DN_RANDOM_AUGMENT, 1);
    dn_random_init(&c, 1, DN_RANDOM_AUGMENT, 0);
    for (int i = 0; i < 100; i++) {
        uint32_t from_a = dn_random_u32(&a);
        assert_int_equal(from_a, dn_random_u32(&c));
        assert_int_not_equal(from_a, dn_random_u32(&b));
    }
}

static void test_distributions(void **state) {
    (void)state;
    enum { N = 200000 };
    dn_random random;
    double sum = 0, squares = 0, uniform = 0;
    int counts[7] = {0};
    dn_random_init(&random, 7, DN_RANDOM_METRICS, 0);
    for (int i = 0; i < N; i++) {
        double normal = dn_random_normal(&random), u = dn_random_uniform(&random);
        sum += normal;
        squares += normal * normal;
        uniform += u;
        assert_true(u >= 0 && u < 1);
        counts[dn_random_below(&random, 7)]++;
    }
    /* Five standard deviations of each mean. */
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(uniform / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    for (int i = 0; i < 7; i++)
        assert_true(fabs(counts[i] - N / 7.0) < 5 * sqrt(N / 7.0));
}

static void test_numpy_permutations(void **state) {
    (void)state;
    fixture *file = fixture_open("permutations.safetensors");
    for (uint32_t seed = 0; seed < 8; seed++) {
        for (int which = 0; which < 2; which++) {
            static const char *const names[] = {"permutation_768_%u", "permutation_10_%u"};
            char name[32];
            uint32_t permutation[768];
            size_t count;
            snprintf(name, sizeof name, names[which], seed);
            const int64_t *expected = fixture_integers(file, name, &count);
            dn_numpy_permutation(seed, permutation, (uint32_t)count);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(permutation[i], expected[i]);
        }
    }
    fixture_close(file);
}

static void mark(void *context, size_t begin, size_t end) {
    int *marks = context;
    for (size_t i = begin; i < end; i++)
        marks[i]++;
}

static void test_parallel_covers_once(void **state) {
    (void)state;
    for (int threads = 0; threads < 6; threads++) {
        for (size_t count = 0; count < 40; count++) {
            int marks[41] = {0};
            dn_parallel_for(threads, count, 1 + count % 5, mark, marks);
            for (size_t i = 0; i <= count; i++)
                assert_int_equal(marks[i], i < count);
        }
    }
    assert_true(dn_processor_count() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_vectors),
        cmocka_unit_test(test_streams_differ_and_repeat),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_numpy_permutations),
        cmocka_unit_test(test_parallel_covers_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
