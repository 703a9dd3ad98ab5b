/* What several machines gain, by a model whose numbers can be computed by hand; and links as text.
 */
#include "report/machines.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

/* 1 Gbit/s, 1 ms; 24 pictures a batch. */
static const dn_report_machines training = {.known = 1,
                                            .link = {1e9, 1e-3},
                                            .shared = 240,
                                            .step = 24,
                                            .rest = 6,
                                            .steps = 100,
                                            .bytes = 1e6,
                                            .pictures = 24};

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-9 * fabs(expected)))
        fail_msg("%.12g, expected %.12g", value, expected);
}

static void test_times(void **state) {
    (void)state;
    assert_near(dn_machines_time(&training, 1), 270);
    assert_near(dn_machines_gather(&training, 1), 0);
    /* Two hops and half a megabyte; four hops and three quarters. */
    assert_near(dn_machines_gather(&training, 2), 2e-3 + 4e-3);
    assert_near(dn_machines_gather(&training, 4), 4e-3 + 6e-3);
    assert_near(dn_machines_time(&training, 2), 120 + 24 + 6 + 0.6);
    /* Of 24 pictures five machines have five at most, and more than 24 help no more. */
    assert_near(dn_machines_time(&training, 5) - 100 * dn_machines_gather(&training, 5), 50 + 30);
    assert_true(dn_machines_time(&training, 48) > dn_machines_time(&training, 24));
    assert_int_equal(dn_machines_fastest(&training), 24);
    size_t worth = dn_machines_worth(&training);
    assert_true(270 / dn_machines_time(&training, worth) >= (double)worth / 2);
    assert_true(270 / dn_machines_time(&training, worth + 1) < (double)(worth + 1) / 2);
}

/* A slow network gains nothing. */
static void test_slow_link(void **state) {
    (void)state;
    dn_report_machines slow = training;
    slow.link.latency = 60;
    assert_int_equal(dn_machines_fastest(&slow), 1);
    assert_int_equal(dn_machines_worth(&slow), 1);
}

static void test_text(void **state) {
    (void)state;
    dn_text text = {0};
    char *printed;
    dn_error error = {0};
    dn_report_machines_table(&(dn_report_machines){0}, &text);
    assert_int_equal(text.length, 0);
    dn_report_machines_table(&training, &text);
    assert_ok(dn_text_take(&text, &printed, &error));
    assert_non_null(strstr(printed, "machines over 1.00gbit,1.0000ms"));
    assert_non_null(
        strstr(printed, "      2      120.0       24.0        0.6        6.0      150.6"));
    assert_non_null(strstr(printed, "fastest: 24\n"));
    dn_text_free(printed);
}

static void test_links(void **state) {
    (void)state;
    static const char *const wrong[] = {"",          "1gbit",      "1gbit,",     "gbit,1ms",
                                        "1gbit,1",   "0gbit,1ms",  "1gbit,-1ms", "1 gbit,1ms",
                                        "1gbit,99s", "1gbit,1ms,", "nangbit,1ms"};
    dn_link link = {0}, again;
    char text[DN_LINK_TEXT];
    assert_int_equal(dn_link_read("100mbit,50us", &link), 1);
    assert_near(link.bits, 1e8);
    assert_near(link.latency, 50e-6);
    assert_int_equal(dn_link_read("2.5gbit,1s", &link), 1);
    assert_near(link.latency, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (dn_link_read(wrong[i], &link))
            fail_msg("\"%s\" was taken", wrong[i]);
    dn_link_print(&(dn_link){2.35e9, 0.0123e-3}, text);
    assert_string_equal(text, "2.35gbit,0.0123ms");
    assert_int_equal(dn_link_read(text, &again), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_slow_link),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
