/* Rows of predict: CSV and table; file names that want to be something else. */
#include "report/time.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

static dn_error error;

static const dn_result judged = {.struct_size = sizeof(dn_result),
                                 .raw_score = 0.6,
                                 .score_std = 0.125,
                                 .elapsed_ms = 12.34567,
                                 .rotations = 8,
                                 .verdict = DN_VERDICT_FAIL,
                                 .pred_label = 1,
                                 .pred_score = 0.75,
                                 .threshold = 0.5,
                                 .review_threshold = 0.4,
                                 .p_value = 0.01,
                                 .reason = "above_threshold"};
static const dn_result unjudged = {.struct_size = sizeof(dn_result),
                                   .raw_score = 0.6,
                                   .rotations = 64,
                                   .pred_label = -1,
                                   .pred_score = NAN,
                                   .threshold = NAN,
                                   .p_value = NAN};

static void assert_row(dn_row_format format, const char *path, const dn_result *result,
                       const dn_error *failure, const char *expected) {
    char *text;
    assert_ok(dn_result_row(format, path, "0123", result, failure, &text, &error));
    assert_string_equal(text, expected);
    dn_text_free(text);
}

static void csv_rows(void **state) {
    (void)state;
    char *text;
    const dn_error failure = {DN_ERROR_IO, "=1,\"x\": cannot open"};
    assert_ok(dn_result_heading(DN_ROW_CSV, &text, &error));
    assert_string_equal(text,
                        "image_path,pred_label,pred_score,raw_score,score_std,threshold,p_value,"
                        "verdict,rotations,model_id,elapsed_ms,error,time,warnings,"
                        "paper_score,places_score,places_p_value,review_threshold,reason");
    dn_text_free(text);
    assert_row(DN_ROW_CSV, "a.png", &judged, NULL,
               "a.png,1,0.75,0.6,0.125,0.5,0.01,FAIL,8,0123,12.346,,,,,,,0.4,above_threshold");
    assert_row(DN_ROW_CSV, "a.png", &unjudged, NULL, "a.png,,,0.6,0,,,,64,0123,0,,,,,,,,");
    assert_row(DN_ROW_CSV, "=1,\"x\"", NULL, &failure,
               "\"'=1,\"\"x\"\"\",,,,,,,,,,,\"'=1,\"\"x\"\": cannot open\",,,,,,,");
    assert_row(DN_ROW_CSV, "@SUM(A1)\n.png", &unjudged, NULL,
               "\"'@SUM(A1)\n.png\",,,0.6,0,,,,64,0123,0,,,,,,,,");
}

/* The parts of a score, where there are two. */
static void csv_rows_hold_parts(void **state) {
    (void)state;
    dn_result both = judged;
    both.paper_score = 1.25;
    both.places_score = 3.5;
    both.places_p_value = 0.0625;
    assert_row(DN_ROW_CSV, "a.png", &both, NULL,
               "a.png,1,0.75,0.6,0.125,0.5,0.01,FAIL,8,0123,12.346,,,,1.25,3.5,0.0625,0.4,above_"
               "threshold");
}

/* Which tile is the worst, and how many would reject the picture. */
static void rows_name_tiles(void **state) {
    (void)state;
    char *row;
    dn_result tiled = judged;
    tiled.tiles = 108;
    tiled.tiles_above = 2;
    tiled.worst_x = 336;
    tiled.worst_y = 672;
    tiled.worst_width = tiled.worst_height = 448;
    assert_ok(dn_result_json("a.png", "1", &tiled, NULL, &row, &error));
    assert_non_null(strstr(row, "\"tiles\":{\"count\":108,\"above\":2,"
                                "\"worst\":{\"x\":336,\"y\":672,\"w\":448,\"h\":448}}"));
    dn_text_free(row);
    assert_ok(dn_result_json("a.png", "1", &judged, NULL, &row, &error));
    assert_null(strstr(row, "tiles"));
    dn_text_free(row);
}

/* Rows of results and of failures say when they were made, and all that is odd. */
static void times_and_warnings(void **state) {
    (void)state;
    dn_result result = judged;
    const dn_error failure = {DN_ERROR_IO, "b.png: cannot open"};
    result.time_ms = INT64_C(1795933299007);
    strcpy(result.warnings[0], "too dark");
    strcpy(result.warnings[1], "=1,2");
    assert_row(DN_ROW_CSV, "a.png", &result, NULL,
               "a.png,1,0.75,0.6,0.125,0.5,0.01,FAIL,8,0123,12.346,,2026-11-29T06:21:39.007Z,"
               "\"too dark; =1,2\",,,,0.4,above_threshold");
    assert_row(
        DN_ROW_CSV, "b.png", &result, &failure,
        "b.png,,,,,,,,,,,b.png: cannot open,2026-11-29T06:21:39.007Z,\"too dark; =1,2\",,,,,");
    assert_row(DN_ROW_JSON, "b.png", &result, &failure,
               "{\"image_path\":\"b.png\",\"error\":\"b.png: cannot open\",\"warnings\":[\"too "
               "dark\",\"=1,2\"],\"time\":\"2026-11-29T06:21:39.007Z\"}");
    char text[DN_TIME_SIZE];
    assert_true(dn_time_print(text, 1));
    assert_string_equal(text, "1970-01-01T00:00:00.001Z");
    assert_true(dn_time_print(text, INT64_C(253402300799999)));
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    assert_false(dn_time_print(text, INT64_C(253402300800000)));
    assert_false(dn_time_print(text, -1));
    assert_string_equal(text, "");
}

static void table_rows(void **state) {
    (void)state;
    char *text;
    const dn_error failure = {DN_ERROR_IO, "b.png: cannot open"};
    assert_ok(dn_result_heading(DN_ROW_TABLE, &text, &error));
    assert_non_null(strstr(text, "verdict  pred_score"));
    dn_text_free(text);
    assert_row(DN_ROW_TABLE, "a.png", &judged, NULL,
               "FAIL         0.7500      0.6000      0.1250   0.0100          8      12.3  a.png");
    assert_row(DN_ROW_TABLE, "a\n\x1b[31m\xff.png", &unjudged, NULL,
               "-                 -      0.6000      0.0000        -         64       0.0  "
               "a??[31m\xef\xbf\xbd.png");
    assert_row(DN_ROW_TABLE, "b.png", NULL, &failure, "ERROR    b.png: cannot open");
}

static void json_rows_are_lines_of_their_own(void **state) {
    (void)state;
    char *row, *line;
    assert_ok(dn_result_heading(DN_ROW_JSON, &row, &error));
    assert_string_equal(row, "");
    dn_text_free(row);
    assert_ok(dn_result_row(DN_ROW_JSON, "a.png", "1", &judged, NULL, &row, &error));
    assert_ok(dn_result_json("a.png", "1", &judged, NULL, &line, &error));
    assert_string_equal(row, line);
    dn_text_free(row);
    dn_text_free(line);
}

/* Only where there are any. */
static void json_rows_hold_warnings(void **state) {
    (void)state;
    char *row;
    dn_result odd = judged;
    assert_ok(dn_result_json("a.png", "1", &odd, NULL, &row, &error));
    assert_null(strstr(row, "warnings"));
    dn_text_free(row);
    strcpy(odd.warnings[0], "a \"b\"");
    strcpy(odd.warnings[1], "c");
    assert_ok(dn_result_json("a.png", "1", &odd, NULL, &row, &error));
    assert_non_null(strstr(row, "\"warnings\":[\"a \\\"b\\\"\",\"c\"]"));
    dn_text_free(row);
    for (int i = 0; i < DN_WARNINGS; i++)
        memset(odd.warnings[i], 'w', DN_WARNING_SIZE - 1);
    const dn_row_places places = {.struct_size = sizeof places, .anomaly_map = "m.tiff"};
    assert_ok(dn_result_json_places("a.png", "1", &odd, &places, &row, &error));
    assert_non_null(strstr(row, "\"warnings\":[\"www"));
    assert_true(strlen(row) > (size_t)DN_WARNINGS * (DN_WARNING_SIZE - 1));
    dn_text_free(row);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_rows),
        cmocka_unit_test(csv_rows_hold_parts),
        cmocka_unit_test(rows_name_tiles),
        cmocka_unit_test(times_and_warnings),
        cmocka_unit_test(table_rows),
        cmocka_unit_test(json_rows_are_lines_of_their_own),
        cmocka_unit_test(json_rows_hold_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
