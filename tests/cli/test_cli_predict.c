/* predict: formats, patterns, an image on standard input, exit statuses 3 and 4. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const program *in_folder(const char *folder, const char *arguments) {
    char command[2048];
    snprintf(command, sizeof command, "predict -q model %s", arguments);
    if (chdir(folder) != 0)
        fail_msg("%s: no such folder", folder);
    return run(command, NULL);
}

static void test_formats(void **state) {
    (void)state;
    char *folder = temporary_create();
    put_file(folder, "=1.png", "123", 3);
    put_file(folder, "bad.png", "1", 1);
    const program *ran = in_folder(folder, "--format csv --threshold 2 =1.png bad.png");
    assert_int_equal(ran->status, 1);
    assert_string_equal(
        without_times(ran->out),
        "image_path,pred_label,pred_score,raw_score,score_std,threshold,p_value,"
        "verdict,rotations,model_id,elapsed_ms,error,time,warnings,"
        "paper_score,places_score,places_p_value,review_threshold,reason\n"
        "'=1.png,1,0,3,0.5,2,0.5,FAIL,64,0123456789abcdef,2,,,,,,,1.3333333333333333,stub\n"
        "bad.png,,,,,,,,,,,bad.png: is no image,TIME,,,,,,\n");
    ran = in_folder(folder, "--threshold 2 --unlike warn =1.png");
    assert_says(ran->out, "\"review_threshold\":1.3333333333333333,");
    assert_says(ran->out, "\"reason\":\"warned\",");
    ran = in_folder(folder, "--unlike never =1.png");
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "--unlike never: expected review or warn");
    ran = in_folder(folder, "--format table =1.png bad.png");
    assert_says(ran->out, "verdict  pred_score");
    assert_says(ran->out, "\nERROR    bad.png: is no image\n");
    ran = in_folder(folder, "--format xml =1.png");
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "expected json, csv or table");
    temporary_remove(folder);
}

/* JSON rows contain warnings; other formats print them on standard error. */
static void test_warnings(void **state) {
    (void)state;
    char *folder = temporary_create(), command[1200];
    put_file(folder, "odd.png", "123456789", 9);
    put_file(folder, "a.png", "123", 3);
    const program *ran = in_folder(folder, "odd.png a.png");
    assert_int_equal(count_of(ran->out, "\"warnings\":[\"its samples are odd\"]"), 1);
    assert_string_equal(ran->err, "");
    for (int i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "predict model --format %s odd.png a.png",
                 i ? "table" : "csv");
        ran = run(command, NULL);
        assert_int_equal(ran->status, 0);
        assert_int_equal(count_of(ran->out, "odd.png"), 1);
        assert_says(ran->err, "odd.png: its samples are odd\n");
    }
    temporary_remove(folder);
}

/* While a file is scored the next one is read, if it is known. It is not with standard input: the
 * writer may wait for this row before the next line. */
static void test_expectations(void **state) {
    (void)state;
    char *folder = temporary_create();
    put_file(folder, "a.png", "1234", 4);
    put_file(folder, "e.png", "123", 3);
    setenv("DN_STUB_EXPECTS", "1", 1);
    const program *ran = in_folder(folder, "a.png e.png '[a].png'");
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->err, "expecting e.png\nexpecting [a].png\n");
    ran = in_folder(folder, "'[ae].png' a.png");
    assert_string_equal(ran->err, "expecting e.png\nexpecting a.png\n");
    char command[1100];
    snprintf(command, sizeof command, "predict -q model %s/a.png -", folder);
    ran = run(command, "a.png\ne.png\n");
    assert_int_equal(count_of(ran->out, "\n"), 3);
    assert_string_equal(ran->err, "");
    unsetenv("DN_STUB_EXPECTS");
    temporary_remove(folder);
}

static void test_patterns(void **state) {
    (void)state;
    char *folder = temporary_create();
    put_file(folder, "b.png", "123", 3);
    put_file(folder, "a.png", "1234", 4);
    put_file(folder, "c[1].png", "12345", 5);
    put_file(folder, "c1.png", "123456", 6);
    const program *ran = in_folder(folder, "'?.png' 'c[1].png' 'x*'");
    assert_int_equal(ran->status, 1);
    assert_int_equal(count_of(ran->out, "\n"), 4);
    char *a = strstr(ran->out, "\"a.png\""), *b = strstr(ran->out, "\"b.png\"");
    assert_true(a && b && a < b);
    assert_says(ran->out, "\"c[1].png\",\"pred_label\":null,\"pred_score\":null,\"raw_score\":5,");
    assert_says(ran->out, "\"error\":\"x*: no file has that name or matches it\",\"time\":\"");
    temporary_remove(folder);
}

static void test_an_image_on_standard_input(void **state) {
    (void)state;
    const program *ran = run("predict model --stdin-image", "1234567");
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "{\"image_path\":\"-\",");
    assert_says(ran->out, "\"raw_score\":7,");
    ran = run("predict model --stdin-image", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->out, "\"error\":\"standard input: is empty\"");
    ran = run("predict model --stdin-image x.png", NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "give only one of these");
    assert_int_equal(run("predict model", NULL)->status, 2);
}

static void test_exit_status_of_anomalies(void **state) {
    (void)state;
    char *folder = temporary_create();
    put_file(folder, "a.png", "123", 3);
    put_file(folder, "bad.png", "1", 1);
    assert_int_equal(in_folder(folder, "--threshold 2 a.png")->status, 0);
    assert_int_equal(in_folder(folder, "--threshold 2 --fail-on-anomaly a.png")->status, 3);
    assert_string_equal(in_folder(folder, "--threshold 2 --fail-on-anomaly a.png")->err, "");
    assert_int_equal(in_folder(folder, "--threshold 3 --fail-on-anomaly a.png")->status, 0);
    assert_int_equal(in_folder(folder, "--threshold 2 --fail-on-anomaly a.png bad.png")->status, 1);
    put_file(folder, "review.png", "12", 2); /* between two thirds of the threshold and it */
    put_file(folder, "c.png", "1", 1);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on anomaly a.png")->status, 3);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on anomaly review.png")->status, 0);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on-anomaly review.png")->status, 0);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on review c.png")->status, 0);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on review c.png review.png")->status,
                     4);
    assert_int_equal(in_folder(folder, "--threshold 2.5 --fail-on review review.png a.png")->status,
                     3);
    assert_int_equal(
        in_folder(folder, "--threshold 2.5 --fail-on review review.png bad.png")->status, 1);
    assert_says(in_folder(folder, "--threshold 2.5 --fail-on reviews a.png")->err,
                "expected anomaly or review");
    assert_says(in_folder(folder, "--fail-on review a.png")->err, "needs a model with a threshold");
    const program *ran = in_folder(folder, "--fail-on-anomaly a.png");
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "needs a model with a threshold");
    temporary_remove(folder);
}

static void test_maps(void **state) {
    (void)state;
    char *folder = temporary_create();
    put_file(folder, "a.png", "123", 3);
    const program *ran = in_folder(folder, "--regions a.png");
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "\"regions\":[{\"x\":1,\"y\":2,\"w\":3,\"h\":4,\"area\":5,\"score\":1.5,"
                          "\"centroid_x\":2.25,\"centroid_y\":3.75}]");
    assert_silent(ran->out, "anomaly_map");
    ran = in_folder(folder, "--maps a.png");
    assert_says(ran->out, "\"anomaly_map\":\"maps/a.png.tiff\",\"pred_mask\":\"maps/a.png.mask\"");
    assert_silent(ran->out, "regions");
    assert_silent(ran->out, "overlay");
    ran = in_folder(folder, "--overlay -o there a.png");
    assert_says(ran->out, "\"overlay\":\"there/a.png.overlay\"");
    ran = in_folder(folder, "--overlay -o full a.png");
    assert_int_equal(ran->status, 1); /* but the verdict is there */
    assert_says(ran->out, "\"raw_score\":3,");
    assert_says(ran->out, "\"warnings\":[\"full: no space left\"]");
    assert_silent(ran->out, "\"error\"");
    assert_silent(ran->out, "\"overlay\"");
    assert_says(ran->err, "maps of 1 of 1 images could not be written");
    ran = in_folder(folder, "--overlay -o full --threshold 2 --fail-on anomaly --format csv a.png");
    assert_int_equal(ran->status, 1);
    assert_says(ran->out, ",FAIL,");
    assert_says(ran->out, ",full: no space left,,,,1.3333333333333333,stub\n");
    assert_silent(in_folder(folder, "a.png")->out, "regions");
    assert_int_equal(in_folder(folder, "--regions --format csv a.png")->status, 2);
    assert_int_equal(run("test model --maps", NULL)->status, 2);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_an_image_on_standard_input),
        cmocka_unit_test(test_exit_status_of_anomalies),
        cmocka_unit_test(test_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
