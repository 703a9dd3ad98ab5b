/* What training has seen: digests, ranges and what lies outside them; both from friend and foe. */
#include "detect/features/seen.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

static dn_error error;

/* 40 pictures of a usual kind: brightness 90 to 110 and so on. */
static dn_seen usual(void) {
    return (dn_seen){.images = 40,
                     .lowest = {160000, 1, 90, 30, 0, 10},
                     .highest = {160000, 1, 110, 40, 20, 14}};
}

static void the_range_has_a_margin(void **state) {
    (void)state;
    dn_seen seen = usual();
    double low, high;
    dn_seen_range(&seen, DN_PROPERTY_BRIGHTNESS, &low, &high);
    assert_true(low == 80 && high == 120); /* half of the range */
    dn_seen_range(&seen, DN_PROPERTY_COLOUR, &low, &high);
    assert_true(low == 0 && high == 30);
    dn_seen_range(&seen, DN_PROPERTY_CONTRAST, &low, &high);
    assert_true(low == 24 && high == 46); /* never less than the smallest difference that counts */
    seen.images = 5;                      /* of five pictures twice the range */
    dn_seen_range(&seen, DN_PROPERTY_BRIGHTNESS, &low, &high);
    assert_true(low == 50 && high == 150);
    seen.lowest[DN_PROPERTY_BRIGHTNESS] = 20; /* but nothing below half of what was seen */
    dn_seen_range(&seen, DN_PROPERTY_BRIGHTNESS, &low, &high);
    assert_true(low == 10 && high == 255);
}

static void what_is_unlike(void **state) {
    (void)state;
    static const struct {
        dn_property property;
        double value;
        const char *text; /* NULL: as usual */
    } cases[] = {
        {DN_PROPERTY_BRIGHTNESS, 85, NULL},
        {DN_PROPERTY_BRIGHTNESS, 79.9, "brightness 79.9 is outside 80.0 to 120.0"},
        {DN_PROPERTY_BRIGHTNESS, 255, "brightness 255.0 is outside"},
        {DN_PROPERTY_CONTRAST, 0, "contrast 0.0 is outside"},
        {DN_PROPERTY_COLOUR, 0, NULL},
        {DN_PROPERTY_COLOUR, 31, "colour 31.0 is outside"},
        {DN_PROPERTY_SHARPNESS, 2, "sharpness 2.00 is outside"},
        {DN_PROPERTY_SHARPNESS, 90, "sharpness 90.00 is outside"},
        {DN_PROPERTY_SIZE, 320000, "size 320000 is outside"},
        {DN_PROPERTY_ASPECT, 1.01, NULL},
        {DN_PROPERTY_ASPECT, 1.1, "aspect 1.100 is outside"},
    };
    const dn_seen seen = usual(), nothing = {0};
    char text[DN_SEEN_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double values[DN_PROPERTIES] = {160000, 1, 100, 35, 10, 12};
        values[cases[i].property] = cases[i].value;
        assert_int_equal(dn_seen_is_unlike(&seen, values, text), cases[i].text != NULL);
        assert_true(cases[i].text ? strstr(text, cases[i].text) != NULL : text[0] == '\0');
        assert_false(dn_seen_is_unlike(&nothing, values, text));
    }
    const double black[DN_PROPERTIES] = {160000, 1, 0, 0, 0, 0};
    assert_true(dn_seen_is_unlike(&seen, black, text));
    assert_non_null(strstr(text, "; contrast 0.0 is outside")); /* everything that is */
    static const double monster[DN_PROPERTIES] = {1e18, 1e9, 255, 127, 255, 1020};
    assert_true(dn_seen_is_unlike(&seen, monster, text));
    assert_true(strlen(text) < DN_SEEN_TEXT);
}

static void json_brings_everything_back(void **state) {
    (void)state;
    dn_seen seen = usual(), again;
    char *json;
    seen.highest[DN_PROPERTY_SHARPNESS] = 14 + 1.0 / 3;
    assert_ok(dn_seen_to_json(&seen, &json, &error));
    assert_ok(dn_seen_parse("m", json, &again, &error));
    assert_int_equal(again.images, 40);
    assert_memory_equal(again.lowest, seen.lowest, sizeof seen.lowest);
    assert_memory_equal(again.highest, seen.highest, sizeof seen.highest);
    dn_text_free(json);
}

#define REST ",\"aspect\":[1,1],\"brightness\":[1,2],\"contrast\":[1,2],\"colour\":[1,2],"
#define SHARP "\"sharpness\":[1,2]}"

static void hostile_json_is_one_clear_error(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "[]",
        "{\"images\":1}",
        "{\"images\":0,\"size\":[1,2]" REST SHARP,
        "{\"images\":1.5,\"size\":[1,2]" REST SHARP,
        "{\"images\":1e30,\"size\":[1,2]" REST SHARP,
        "{\"images\":1,\"size\":[2,1]" REST SHARP,
        "{\"images\":1,\"size\":[-1,1]" REST SHARP,
        "{\"images\":1,\"size\":[1,1e999]" REST SHARP,
        "{\"images\":1,\"size\":[1]" REST SHARP,
        "{\"images\":1,\"size\":[1,2,3]" REST SHARP,
        "{\"images\":1,\"size\":\"1,2\"" REST SHARP,
        "{\"images\":1,\"size\":[1,2]" REST "\"sharpness\":[1,1e4]}",
        "{\"images\":1,\"size\":[1,2]" REST SHARP "}",
    };
    dn_seen seen;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(dn_seen_parse("part.st", cases[i], &seen, &error), DN_ERROR_FORMAT, "part.st");
        assert_int_equal(seen.images, 0);
    }
    assert_ok(dn_seen_parse("m", "{\"images\":1,\"size\":[1,2]" REST SHARP, &seen, &error));
}

static void digests_are_found(void **state) {
    (void)state;
    static const uint8_t rising[3][DN_SEEN_DIGEST] = {{0, 1}, {0, 2}, {7}};
    static const uint8_t falling[2][DN_SEEN_DIGEST] = {{1}, {0, 9}};
    static const uint8_t other[DN_SEEN_DIGEST] = {0, 3};
    dn_seen seen = usual();
    assert_false(dn_seen_knows(&seen, rising[0]));
    assert_ok(dn_seen_take_digests("m", &rising[0][0], 3, &seen, &error));
    for (int i = 0; i < 3; i++)
        assert_true(dn_seen_knows(&seen, rising[i]));
    assert_false(dn_seen_knows(&seen, other));
    assert_fails(dn_seen_take_digests("m", &falling[0][0], 2, &seen, &error), DN_ERROR_FORMAT,
                 "digest 1 is smaller");
    assert_fails(dn_seen_take_digests("m", &falling[0][0], DN_SEEN_MOST + 1, &seen, &error),
                 DN_ERROR_FORMAT, "the limit is 1000000");
    dn_seen_free(&seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_range_has_a_margin),
        cmocka_unit_test(what_is_unlike),
        cmocka_unit_test(json_brings_everything_back),
        cmocka_unit_test(hostile_json_is_one_clear_error),
        cmocka_unit_test(digests_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
