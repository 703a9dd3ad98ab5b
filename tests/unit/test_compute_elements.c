/* Elements and the operators that read or write any of them: pooling, folded pixels, means, gates.
 * Every backend against the reference or against numbers that the test computes. */
#include "compute_buffers.h"

#include <float.h>

/* ---- Elements ---------------------------------------------------------------------------------
 */

static void test_elements(void **state) {
    (void)state;
    /* 1 + 2^-8 lies between two bf16 numbers, ties to even; infinity and NaN stay what they are */
    const float values[] = {1.00390625F, 1.01171875F, -3.0F, INFINITY, NAN, 3.4e38F};
    uint16_t numbers[6];
    float back[6];
    dn_elements_narrow(numbers, values, DN_ELEMENT_BF16, 0, 6);
    dn_elements_widen(back, numbers, DN_ELEMENT_BF16, 0, 6);
    assert_true(back[0] == 1.0F && back[1] == 1.015625F && back[2] == -3.0F);
    assert_true(isinf(back[3]) && isnan(back[4]) && isinf(back[5]));
    assert_int_equal(dn_bf16_narrow_within(2, numbers, values, 3, FLT_MAX), 3);
    assert_int_equal(dn_bf16_narrow_within(2, numbers, values, 6, FLT_MAX),
                     3); /* the first not finite */
    assert_int_equal(dn_bf16_narrow_within(2, numbers, values, 6, 2), 2);
    assert_int_equal(dn_bf16_narrow_within(2, numbers, values, 6, 3), 3);
    assert_int_equal(dn_bf16_narrow_within(2, numbers, values + 4, 1, FLT_MAX), 0);
    uint8_t bytes[4];
    const float steps[] = {0.25F, 0.74F, -1.0F, 1e9F};
    dn_elements_narrow(bytes, steps, DN_ELEMENT_U8, 0.5F, 4);
    assert_int_equal(bytes[0], 0); /* 0.5 steps: to even */
    assert_int_equal(bytes[1], 1);
    assert_int_equal(bytes[2], 0);
    assert_int_equal(bytes[3], 255);
    dn_elements_widen(back, bytes, DN_ELEMENT_U8, 0.5F, 4);
    assert_true(back[1] == 0.5F && back[3] == 127.5F);
    int8_t numbers8[6];
    const float signed_steps[] = {-0.25F, -0.74F, 0.75F, -1e9F, 1e9F, -63.9F};
    const int8_t expected8[] = {0, -1, 2, -128, 127, -128}; /* ties to even */
    dn_elements_narrow(numbers8, signed_steps, DN_ELEMENT_S8, 0.5F, 6);
    assert_memory_equal(numbers8, expected8, sizeof numbers8);
    dn_elements_widen(back, numbers8, DN_ELEMENT_S8, 0.5F, 6);
    assert_true(back[1] == -0.5F && back[3] == -64 && back[4] == 63.5F);
}

/* ---- Pooling and folding ----------------------------------------------------------------------
 */

static void test_pooling(void **state) {
    (void)state;
    static const dn_element elements[] = {DN_ELEMENT_BF16, DN_ELEMENT_U8};
    const dn_pooling_shape shape = {3, 27, 13, 64, 3, 2, 0};
    size_t in = (size_t)3 * 27 * 13 * 64, out = (size_t)3 * 13 * 6 * 64;
    float *values = take_uniform(in, 1, 3), *narrow = take_floats(in), *expected = take_floats(out),
          *actual = take_floats(out);
    dn_error error = {0};
    for (size_t e = 0; e < 2; e++)
        for (size_t k = 0; dn_backend_at(k); k++) {
            dn_pooling *pooling;
            if (!has(dn_backend_at(k), DN_PRECISION_INT8))
                continue;
            dn_compute compute = open_in(dn_backend_at(k)->name, DN_PRECISION_INT8, 2);
            dn_elements_narrow(narrow, values, elements[e], 0.01F, in);
            assert_ok(compute.backend->pooling_create(compute.context, &shape, elements[e],
                                                      &pooling, &error));
            assert_ok(compute.backend->pooling_forward(pooling, k ? actual : expected, narrow, 3,
                                                       &error));
            compute.backend->pooling_destroy(pooling);
            dn_compute_close(&compute);
            if (k)
                assert_memory_equal(actual, expected, out * dn_element_size(elements[e]));
        }
    float *released[] = {values, narrow, expected, actual};
    for (size_t i = 0; i < 4; i++)
        dn_release(released[i]);
}

static void fold(const dn_backend *backend, dn_element element, const dn_fold_shape *shape,
                 const uint8_t *pixels, uint8_t *out) {
    static const uint8_t fill[] = {124, 116, 104};
    dn_error error = {0};
    dn_compute compute = open_in(backend->name, DN_PRECISION_INT8, 2);
    assert_ok(
        compute.backend->fold_pixels(compute.context, out, element, pixels, fill, shape, &error));
    dn_compute_close(&compute);
}

static void test_folding(void **state) {
    (void)state;
    static const dn_fold_shape shapes[] = {
        {2, 64, 72, 64, 72, 4, 2, 2, 17, 19},   {2, 64, 72, 32, 32, 4, 2, 2, 9, 9},
        {1, 33, 31, 16, 15, 3, 1, 1, 7, 7},     {2, 64, 72, 64, 72, 2, 0, 0, 33, 37},
        {1, 49, 50, 49, 50, 2, 1, 0, 26, 26},   {1, 33, 31, 16, 15, 3, 2, 5, 7, 8},
        {1, 20, 150, 20, 150, 140, 1, 2, 1, 2}, {2, 64, 72, 64, 72, 1, 1, 2, 67, 75}};
    static uint8_t pixels[2 * 64 * 72 * 3], expected[2 * 140 * 140 * 3 * 4];
    uint8_t *actual = take_guarded(sizeof expected);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 31 + i / 7);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int e = DN_ELEMENT_F32; e <= DN_ELEMENT_U8; e++)
            for (size_t k = 0; dn_backend_at(k); k++) {
                const dn_fold_shape *s = &shapes[i];
                size_t bytes = (size_t)(s->batch * s->rows * s->columns * s->block * s->block * 3) *
                               dn_element_size((dn_element)e);
                fold(dn_backend_at(k), (dn_element)e, s, pixels, k ? actual : expected);
                if (k)
                    assert_memory_equal(actual, expected, bytes);
                check_guards("folded pixels", actual);
            }
    release_guarded("folded pixels", actual);
    /* by hand: the first pixel is behind two rows and columns of fill */
    fold(dn_backend_at(0), DN_ELEMENT_U8, &shapes[0], pixels, expected);
    assert_int_equal(expected[0], 124);
    assert_int_equal(expected[(2 * 4 + 2) * 3 + 1], pixels[1]);
    /* a row of fill above, none on the left: the second pixel of the square's second row is pixel 1
     */
    fold(dn_backend_at(0), DN_ELEMENT_U8, &shapes[4], pixels, expected);
    assert_int_equal(expected[0], 124);
    assert_int_equal(expected[(1 * 2 + 1) * 3 + 2], pixels[3 + 2]);
}

static void test_folding_signed(void **state) {
    (void)state;
    const dn_fold_shape shape = {1, 2, 2, 2, 2, 2, 0, 0, 1, 1};
    const uint8_t pixels[12] = {0};
    int8_t out[12];
    for (size_t k = 0; dn_backend_at(k); k++) {
        dn_error error = {0};
        dn_compute compute = open_backend(dn_backend_at(k)->name, 1);
        assert_fails(compute.backend->fold_pixels(compute.context, out, DN_ELEMENT_S8, pixels,
                                                  pixels, &shape, &error),
                     DN_ERROR_ARGUMENT, "0 to 255");
        dn_compute_close(&compute);
    }
}

/* ---- Means ------------------------------------------------------------------------------------
 */

enum { CHANNELS = 70, STRIDE = 75, PLACES = 301, COUNT = 3 * PLACES * CHANNELS };

/* Sums of 8-bit numbers are exact, all others formed in double, so only the quotient is rounded. 70
 * channels are no whole number of the kernels' blocks. */
static void check_means(const char *name, dn_element element, const void *elements,
                        const float *expected) {
    float *first = NULL;
    for (int threads = 1; threads <= 4; threads *= 2) {
        dn_error error = {0};
        dn_compute compute = open_in(name, DN_PRECISION_F32, threads);
        float *out = take_guarded_constant(3 * STRIDE, 7);
        assert_ok(compute.backend->spatial_mean(compute.context, out, elements, element, 0.03F, 3,
                                                PLACES, CHANNELS, STRIDE, &error));
        check_guards(name, out);
        assert_close(name, out, expected, 3 * STRIDE, 0, ldexp(1, -23));
        if (first)
            assert_memory_equal(out, first, 3 * STRIDE * sizeof *out);
        else
            first = out;
        if (out != first)
            release_guarded(name, out);
        dn_compute_close(&compute);
    }
    release_guarded(name, first);
}

static void test_means(void **state) {
    (void)state;
    float *values = take_uniform(COUNT, 1, 6), *elements = take_floats(COUNT),
          *widened = take_floats(COUNT);
    for (int e = DN_ELEMENT_F32; e <= DN_ELEMENT_S8; e++) {
        float expected[3 * STRIDE];
        dn_elements_narrow(elements, values, (dn_element)e, 0.03F, COUNT);
        dn_elements_widen(widened, elements, (dn_element)e, 1, COUNT);
        double step = dn_element_is_integer((dn_element)e) ? (double)0.03F : 1;
        for (int i = 0; i < 3 * STRIDE; i++) {
            double sum = 0;
            int c = i % STRIDE;
            for (int p = 0; p < PLACES && c < CHANNELS; p++)
                sum += (double)widened[(i / STRIDE * PLACES + p) * CHANNELS + c];
            expected[i] = c < CHANNELS ? (float)(sum * step / PLACES) : 7;
        }
        for (size_t k = 0; dn_backend_at(k); k++)
            check_means(dn_backend_at(k)->name, (dn_element)e, elements, expected);
    }
    dn_release(values);
    dn_release(elements);
    dn_release(widened);
}

/* ---- Gates ------------------------------------------------------------------------------------
 */

/* Gates of values as activations leave them, and what passes them. The guards hold the same bytes
 * before every call. */
typedef struct passed {
    uint8_t guard0[64], pooled[3 * 13 * 6 * 67], guard1[64], open[3 * 27 * 13 * 67], guard2[64];
    uint8_t open6[3 * 27 * 13 * 67], guard3[64];
    uint16_t through_pool[3 * 27 * 13 * 67], guard4[64], through_relu[3 * 27 * 13 * 67], guard5[64],
        means[3 * 40 * 67], guard6[64], sums[3 * 40 * 67], guard7[64];
} passed;

static const float gate_step = 0.03F; /* 6 lies at 200 of them */

static void pass(const char *name, dn_element element, int threads, const float *values,
                 passed *result) {
    static const dn_pooling_shape shape = {3, 27, 13, 67, 3, 2, 0};
    size_t in = sizeof result->open, out = sizeof result->pooled;
    dn_error error = {0};
    dn_compute compute = open_in(name, DN_PRECISION_F32, threads);
    const dn_backend *b = compute.backend;
    float *narrow = take_floats(in), *dy = take_uniform(in, 5, 1e-3);
    uint16_t *bf16 = (uint16_t *)take_floats(in);
    dn_elements_narrow(narrow, values, element, gate_step, in);
    dn_elements_narrow(bf16, dy, DN_ELEMENT_BF16, 0, in);
    memset(result, 1, sizeof *result);
    assert_ok(b->pooling_gates(compute.context, result->pooled, narrow, element, &shape, &error));
    assert_ok(b->activation_gates(compute.context, result->open, narrow, element, gate_step,
                                  DN_ACTIVATION_RELU, in, &error));
    assert_ok(b->activation_gates(compute.context, result->open6, narrow, element, gate_step,
                                  DN_ACTIVATION_RELU6, in, &error));
    assert_ok(b->pooling_gates_backward(compute.context, result->through_pool, bf16,
                                        DN_ELEMENT_BF16, result->pooled, &shape, &error));
    assert_ok(b->gates_backward(compute.context, result->through_relu, bf16, DN_ELEMENT_BF16,
                                result->open, in, &error));
    assert_ok(b->spatial_mean_backward(compute.context, result->means, DN_ELEMENT_BF16, dy, 3, 40,
                                       67, 70, 0, &error));
    memcpy(result->sums, bf16, sizeof result->sums);
    assert_ok(b->accumulate(compute.context, result->sums, result->means, DN_ELEMENT_BF16,
                            sizeof result->sums / sizeof *result->sums, &error));
    assert_ok(b->spatial_mean_backward(compute.context, result->sums, DN_ELEMENT_BF16, dy, 3, 40,
                                       67, 70, 1, &error));
    for (size_t i = 0; i < out; i++)
        assert_true(result->pooled[i] < 9 || result->pooled[i] == DN_GATE_SHUT);
    dn_release(narrow);
    dn_release(dy);
    dn_release(bf16);
    dn_compute_close(&compute);
}

/* Open where the value that the element holds is above 0, and for open6 below what the element
 * makes of 6. */
static void check_open(const passed *actual, const float *values, dn_element element) {
    size_t count = sizeof actual->open;
    float *narrow = take_floats(count), *held = take_floats(count), six = 6;
    dn_elements_narrow(narrow, values, element, gate_step, count);
    dn_elements_widen(held, narrow, element, gate_step, count);
    dn_elements_narrow(narrow, &six, element, gate_step, 1);
    dn_elements_widen(&six, narrow, element, gate_step, 1);
    size_t at_six = 0;
    for (size_t i = 0; i < count; i++) {
        int reaches_six = held[i] >= six && element != DN_ELEMENT_S8; /* whose largest is 3.81 */
        assert_int_equal(actual->open[i], held[i] > 0);
        assert_int_equal(actual->open6[i], held[i] > 0 && !reaches_six);
        at_six += (size_t)reaches_six;
    }
    assert_true(at_six > 0 || element == DN_ELEMENT_S8);
    dn_release(narrow);
    dn_release(held);
}

/* Byte for byte: nothing but a sum of four numbers is computed, in one order. */
static void test_gates(void **state) {
    (void)state;
    static passed expected, actual;
    size_t count = sizeof expected.open, shut = 0;
    float *values = take_uniform(count, 4, 7);
    for (size_t i = 0; i < count; i++) /* many zeros, some of them negative; equals; some 6 */
        values[i] = values[i] < 0.8F ? copysignf(0, values[i]) : roundf(values[i] * 8) / 8;
    for (int element = DN_ELEMENT_F32; element <= DN_ELEMENT_S8; element++) {
        pass("reference", (dn_element)element, 1, values, &expected);
        check_open(&expected, values, (dn_element)element);
        for (size_t i = 0; i < sizeof expected.pooled; i++)
            shut += expected.pooled[i] == DN_GATE_SHUT;
        for (size_t k = 1; dn_backend_at(k); k++)
            for (int threads = 1; threads <= 4; threads *= 2) {
                pass(dn_backend_at(k)->name, (dn_element)element, threads, values, &actual);
                assert_memory_equal(&actual, &expected, sizeof actual);
            }
    }
    assert_true(shut > 0);
    dn_release(values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements), cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_folding),  cmocka_unit_test(test_folding_signed),
        cmocka_unit_test(test_means),    cmocka_unit_test(test_gates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
