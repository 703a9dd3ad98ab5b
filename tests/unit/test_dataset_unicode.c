/* UTF-8, letters composed and decomposed, and Windows-1252, as manifests and file systems mix them.
 */
#include "dataset/names/unicode.h"
#include "support/support.h"

#include <string.h>

static void test_utf8(void **state) {
    (void)state;
    static const char *const right[] = {"",
                                        "a/b.png",
                                        "\xc3\xbc",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x94\xa9",
                                        "\xed\x9f\xbf",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const wrong[] = {"\xfc",             /* Latin-1 */
                                        "\xc3",             /* cut */
                                        "\xe2\x82",         /* cut */
                                        "\xc0\xaf",         /* a long form of / */
                                        "\xe0\x80\xaf",     /* and a longer one */
                                        "\xed\xa0\x80",     /* a surrogate */
                                        "\xf4\x90\x80\x80", /* above U+10FFFF */
                                        "\xff",
                                        "a\x80",
                                        "\xc3("};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (!dn_is_utf8(right[i]))
            fail_msg("text %zu is UTF-8", i);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (dn_is_utf8(wrong[i]))
            fail_msg("text %zu is no UTF-8", i);
}

static void test_letters(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int same;
    } cases[] = {
        {"", "", 1},
        {"a", "a", 1},
        {"a", "b", 0},
        {"a", "ab", 0},
        {"\xc3\xbc", "u\xcc\x88", 1}, /* u with two dots */
        {"\xc3\xbc", "u", 0},
        {"\xc3\xbc", "u\xcc\x81", 0},                    /* another accent */
        {"\xe1\xbb\x87", "e\xcc\xa3\xcc\x82", 1},        /* two marks */
        {"\xe1\xbb\x87", "\xe1\xba\xb9\xcc\x82", 1},     /* one of them composed */
        {"\xd0\xb9", "\xd0\xb8\xcc\x86", 1},             /* Cyrillic short i */
        {"\xce\xac", "\xce\xb1\xcc\x81", 1},             /* Greek alpha with accent */
        {"\xe3\x81\x8c", "\xe3\x81\x8b\xe3\x82\x99", 1}, /* kana ga */
        {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1", 1}, /* Hangul of two parts */
        {"\xed\x95\x9c", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 1},
        {"\xed\x95\x9c", "\xe1\x84\x92\xe1\x85\xa1", 0},
        {"\xfc", "\xfc", 1}, /* no UTF-8: equal to itself alone */
        {"\xfc", "\xc3\xbc", 0},
        {"\xfc", "\xfd", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(dn_same_letters(cases[i].a, cases[i].b), cases[i].same);
        assert_int_equal(dn_same_letters(cases[i].b, cases[i].a), cases[i].same);
    }
}

/* The search needs the table in order. */
static void test_table(void **state) {
    (void)state;
    for (size_t i = 1; i < dn_decomposition_count; i++)
        assert_true(dn_decompositions[i - 1].composed < dn_decompositions[i].composed);
    assert_true(dn_decomposition_count > 500);
}

static void test_latin1(void **state) {
    (void)state;
    char utf8[16];
    assert_true(dn_utf8_of_latin1("Pr\xfc"
                                  "f",
                                  utf8, sizeof utf8));
    assert_string_equal(utf8, "Pr\xc3\xbc"
                              "f");
    assert_true(dn_utf8_of_latin1("\x80\x9f", utf8, sizeof utf8));
    assert_string_equal(utf8, "\xe2\x82\xac\xc5\xb8");
    assert_true(dn_utf8_of_latin1("", utf8, 1));
    assert_string_equal(utf8, "");
    assert_false(dn_utf8_of_latin1("\x81", utf8, sizeof utf8)); /* stands for nothing */
    for (size_t size = 0; size < 12; size++)                    /* never past the buffer */
        dn_utf8_of_latin1("\x80\x80\x80\xfc", utf8, size);
    assert_false(dn_utf8_of_latin1("\x80\x80\x80\xfc", utf8, 11));
    assert_true(dn_utf8_of_latin1("\x80\x80\x80\xfc", utf8, 13));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_latin1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
