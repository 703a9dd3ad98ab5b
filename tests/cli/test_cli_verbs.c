/* What the verbs print, where, and with which exit status; progress, interrupts, broken outputs. */
#include "program.h"

#include <cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORT " --set meta_epochs=2 --set sub_epochs=2 "

static void test_train_as_text(void **state) {
    (void)state;
    const program *ran = run("train -o here" SHORT, NULL);
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "images        8 good, 8 defective\n");
    assert_says(ran->out, "\nimage_AUROC: 0.9876\nresults: here/v1\n");
    assert_string_equal(ran->err, "differnet: note: a note\n"
                                  "differnet: warning: a warning\n"
                                  "Features: 4/4 images\n"
                                  "Epoch: 0.0 \t train loss: 1.0000\n"
                                  "Epoch: 0.1 \t train loss: 1.0000\n"
                                  "Epoch: 0 \t test_loss: 0.5000\n"
                                  "AUROC: \t last: 0.7500 \t max: 0.8750 \t epoch_max: 0\n"
                                  "Epoch: 1.0 \t train loss: 0.5000\n"
                                  "Epoch: 1.1 \t train loss: 0.5000\n"
                                  "Epoch: 1 \t test_loss: 0.5000\n"
                                  "AUROC: \t last: 0.7500 \t max: 0.8750 \t epoch_max: 0\n");
}

static void test_train_says_less(void **state) {
    (void)state;
    const program *ran = run("train --quiet" SHORT, NULL);
    assert_string_equal(ran->err, "differnet: warning: a warning\n");
    assert_says(ran->out, "results: results/v1\n");
    ran = run("train --set verbose=False" SHORT, NULL);
    assert_silent(ran->err, "train loss");
    assert_silent(ran->err, "Epoch: 0 ");
    assert_says(ran->err, "Epoch: 1 \t test_loss"); /* the last one, as the original does */
    ran = run("train --class undefined" SHORT, NULL);
    assert_says(ran->err, "AUROC: \t undefined\n");
    assert_silent(ran->err, "nan");
}

static void test_train_as_json(void **state) {
    (void)state;
    const program *ran = run("train --json -q -o 'a \"b\"'" SHORT, NULL);
    cJSON *root = cJSON_Parse(ran->out);
    assert_non_null(root);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(root, "results_directory")),
                        "a \"b\"/v1");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "seconds")) == 1.5);
    const cJSON *auroc = cJSON_GetObjectItem(root, "image_AUROC");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(auroc, "value")) == 0.9876);
    cJSON_Delete(root);
}

static void test_train_several_classes(void **state) {
    (void)state;
    const program *ran = run("train --data d --class all", NULL);
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->out, "all 0/0 again 0\n");
    assert_says(ran->err, "note: several classes\n");
    ran = run("train --data d --class a,b -q --again --shard 2/3 --json", NULL);
    assert_string_equal(ran->out, "a,b 2/3 again 1 as JSON\n");
    ran = run("train --data d --class a,bad -q", NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->out, "a,bad 0/0 again 0\n");
    assert_string_equal(ran->err, "differnet: classes that failed: 1; the summary says why\n");
    ran = run("train --data d --class all --shard 0/3", NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "--shard \"0/3\": expected I/N with I from 1 to N, or slurm");
    ran = run("train --data d --class one --again", NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "--again needs several classes");
}

static void test_failures_end_with_one(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"train --class missing --data d", "differnet: d/missing: no such folder\n"},
        {"train --device cuda", "differnet: device: cuda is not in this version"},
        {"test nothing", "differnet: nothing: is no model\n"},
        {"predict nothing x.png", "differnet: nothing: is no model\n"},
        {"info nothing", "differnet: nothing: is no model\n"},
        {"benchmark -q --threads 256", "differnet: too many threads\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const program *ran = run(cases[i][0], NULL);
        assert_int_equal(ran->status, 1);
        assert_int_equal(strncmp(ran->err, cases[i][1], strlen(cases[i][1])), 0);
        assert_string_equal(ran->out, "");
    }
}

static void test_test(void **state) {
    (void)state;
    const program *ran = run("test model", NULL);
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "\nimage_AUROC: 0.9876\n");
    assert_silent(ran->out, "results:");
    assert_says(ran->err, "note: data its own class its own output none backbone its own device "
                          "auto compute auto threads 0 rotations 0\n");
    assert_says(ran->err, "Score: 4/4 images");
    ran = run("evaluate --data d --class c --output o --backbone 'my weights\"' --threads 2 "
              "model --device cpu --set compute=reference --set n_transforms_test=16",
              NULL);
    assert_says(ran->err, "note: data d class c output o backbone my weights\" device cpu compute "
                          "reference threads 2 rotations 16\n");
    ran = run("test model --set compute=onednn --set batch_size=1", NULL);
    assert_says(ran->err, "note: data its own class its own output none backbone its own device "
                          "auto compute onednn threads 0 rotations 0\n");
    assert_silent(ran->err, "precision");
    ran = run("test model --precision int8", NULL);
    assert_says(ran->err, "differnet: warning: precision: this processor has no instructions for "
                          "int8; computing in bf16\n");
    ran = run("test model --set precision=bf16", NULL);
    assert_silent(ran->err, "precision");
    ran = run("test model --set class_name=c", NULL);
    assert_says(ran->err, "note: data its own class c ");
    ran = run("test --json --quiet model --output o", NULL);
    assert_string_equal(ran->err, "");
    cJSON *root = cJSON_Parse(ran->out);
    assert_non_null(root);
    assert_true(
        cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetObjectItem(root, "image_F1Max"), "value")));
    cJSON_Delete(root);
}

static void test_parts(void **state) {
    (void)state;
    char folder[] = "/tmp/differnet-parts-XXXXXX", line[256];
    assert_non_null(mkdtemp(folder));
    for (int i = 1; i <= 2; i++) {
        snprintf(line, sizeof line, "test model -q --threads %d --shard %d/2", i, i);
        const program *ran = run(line, NULL);
        assert_int_equal(ran->status, 0);
        assert_int_equal(strncmp(ran->out, "part 1 4\ntest\n", 14), 0);
        assert_silent(ran->out, "threads");
        snprintf(line, sizeof line, "%s/%d", folder, i);
        FILE *file = fopen(line, "w");
        assert_non_null(file);
        fputs(ran->out, file);
        fclose(file);
    }
    snprintf(line, sizeof line, "merge %s/2 %s/1 --json --output o -q", folder, folder);
    const program *ran = run(line, NULL);
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "\"image_AUROC\"");
    snprintf(line, sizeof line, "merge %s/1", folder);
    ran = run(line, NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "of 2 parts these are missing: 2; run them and merge again\n");
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
}

/* Parts of `command` in a folder, joined: what the merge wrote. */
static const program *merge_parts_of(const char *folder, const char *command, const char *options) {
    char line[512];
    for (int i = 1; i <= 2; i++) {
        snprintf(line, sizeof line, "%s --shard %d/2", command, i);
        const program *ran = run(line, NULL);
        assert_int_equal(ran->status, 0);
        snprintf(line, sizeof line, "%s/%d", folder, i);
        FILE *file = fopen(line, "w");
        assert_non_null(file);
        fputs(ran->out, file);
        fclose(file);
    }
    snprintf(line, sizeof line, "merge %s/2 %s/1 %s", folder, folder, options);
    return run(line, NULL);
}

static void test_parts_of_other_verbs(void **state) {
    (void)state;
    char folder[] = "/tmp/differnet-parts-XXXXXX", line[256];
    assert_non_null(mkdtemp(folder));
    const program *ran = merge_parts_of(folder, "check bad -q --class part", "--json");
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->out, "{\"to_fix\":2}\n");
    ran = merge_parts_of(folder, "check bad -q", "--output o");
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "merge: parts of `check` take no --output");
    ran = merge_parts_of(folder, "train --data d --class part -q --features", "-q");
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->out, "");
    ran = run("train --data d --class all --features", NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "train: --features is of one class, and takes no --resume");
    ran = run("check d --link 1gbit", NULL);
    assert_int_equal(ran->status, 0); /* the library judges the text */
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
}

static void test_check(void **state) {
    (void)state;
    const program *ran = run("check sound", NULL);
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->out, "0 to fix, data sound class all\n");
    assert_says(ran->err, "Check: 4/4 images");
    ran = run("check --data d --class c -q", NULL);
    assert_string_equal(ran->out, "0 to fix, data d class c\n");
    assert_string_equal(ran->err, "");
    ran = run("check bad --json -q", NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->out, "{\"to_fix\":2}\n");
    assert_string_equal(ran->err, "differnet: 2 findings to fix in the data set\n");
    ran = run("check missing -q", NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->err, "differnet: missing: holds no data set\n");
}

static void test_predict(void **state) {
    (void)state;
    char *folder = temporary_create(), command[1024];
    put_file(folder, "a.png", "123", 3);
    put_file(folder, "bad.png", "1", 1);
    put_file(folder, "-x.png", "12345", 5);
    snprintf(command, sizeof command, "predict -q model -- %s/-x.png %s/none.png %s", folder,
             folder, folder);
    const program *ran = run(command, NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->err, "differnet: 2 of 4 images could not be scored\n");
    char expected[4096];
    snprintf(
        expected, sizeof expected,
        "{\"image_path\":\"%s/-x.png\",\"pred_label\":null,\"pred_score\":null,\"raw_score\":5,"
        "\"score_std\":0.5,\"threshold\":null,\"review_threshold\":null,\"p_value\":null,"
        "\"verdict\":null,\"reason\":null,\"rotations\":64,\"model_id\":\"0123456789abcdef\","
        "\"elapsed_ms\":2}\n"
        "{\"image_path\":\"%s/none.png\",\"error\":\"%s/none.png: cannot "
        "open\",\"time\":\"TIME\"}\n"
        "{\"image_path\":\"%s/a.png\",\"pred_label\":null,\"pred_score\":null,\"raw_score\":3,"
        "\"score_std\":0.5,\"threshold\":null,\"review_threshold\":null,\"p_value\":null,"
        "\"verdict\":null,\"reason\":null,\"rotations\":64,\"model_id\":\"0123456789abcdef\","
        "\"elapsed_ms\":2}\n"
        "{\"image_path\":\"%s/bad.png\",\"error\":\"%s/bad.png: is no image\",\"time\":\"TIME\"}\n",
        folder, folder, folder, folder, folder, folder);
    assert_string_equal(without_times(ran->out), expected);
    snprintf(command, sizeof command, "predict model %s", folder);
    ran = run(command, NULL);
    assert_says(ran->err, ": skipped 1 file that is not an image\n");
    assert_says(ran->err, "Score: 2/2 images");
    temporary_remove(folder);
}

static void test_predict_from_standard_input(void **state) {
    (void)state;
    char *folder = temporary_create(), input[1024];
    put_file(folder, "a b.png", "123", 3);
    put_file(folder, "c.png", "1234", 4);
    snprintf(input, sizeof input, "%s/a b.png\r\n\n%s/c.png", folder, folder);
    const program *ran = run("predict --json model -", input);
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "/a b.png\",\"pred_label\":null,\"pred_score\":null,\"raw_score\":3,");
    assert_says(ran->out, "/c.png\",\"pred_label\":null,\"pred_score\":null,\"raw_score\":4,");
    assert_string_equal(ran->err, "");
    ran = run("predict model -", NULL);
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->out, "");
    temporary_remove(folder);
}

static void test_info_and_benchmark(void **state) {
    (void)state;
    assert_string_equal(run("info model", NULL)->out, "format: stub\n");
    assert_string_equal(run("info --json model", NULL)->out, "{\"format\":\"stub\"}\n");
    assert_string_equal(run("info", NULL)->out, "embedded: stub\n");
    assert_string_equal(run("benchmark", NULL)->out, "1 ms\n");
    assert_string_equal(run("benchmark", NULL)->err, "differnet: note: measuring\n");
    assert_string_equal(run("benchmark --json -q", NULL)->out, "{\"ms\":1}\n");
}

static void test_verify(void **state) {
    (void)state;
    const program *ran = run("info --verify model --data trained --class part", NULL);
    assert_int_equal(ran->status, 0);
    assert_string_equal(ran->out, "model trained part json=0\n");
    ran = run("info --verify --json model --data other", NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->out, "model other - json=1\n");
    assert_string_equal(ran->err, "differnet: model: was not trained on these images\n");
}

static void test_calibrate(void **state) {
    (void)state;
    const program *ran = run("calibrate model good --false-reject-rate 0.02 --review-rate 0", NULL);
    assert_int_equal(ran->status, 0);
    assert_says(ran->err, "note: images good rule its own rates 0.02 -1 0 tpr 0 threshold 0\n");
    assert_says(ran->err, "note: output none dry-run 0 force 0 undo 0\n");
    assert_says(ran->out,
                "FAIL above        0.5000  (conformal; rejects at most this share of good "
                "images: 0.0100)\nREVIEW above      0.2500\n"
                "REVIEW below      0.1250\npromise           at most 0.01\n"
                "calibration       0123456789abcdef of 2026-11-29T07:45:00Z (earlier ones kept: "
                "2)\n");
    ran = run("calibrate model --threshold 0.5 --threshold-rule youden --json", NULL);
    assert_says(ran->err, "note: images none rule youden rates 0 0 0 tpr 0 threshold 0.5\n");
    cJSON *root = cJSON_Parse(ran->out);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "threshold")) == 0.5);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "low_threshold")) == 0.125);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "earlier")) == 2);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(root, "promise")), "at most 0.01");
    cJSON_Delete(root);
    ran = run("calibrate model good --output other --dry-run --force --low-rate 0", NULL);
    assert_says(ran->err, "rates 0 0 -1 tpr 0");
    assert_says(ran->err, "note: output other dry-run 1 force 1 undo 0\n");
    assert_says(run("calibrate model --undo", NULL)->err, "dry-run 0 force 0 undo 1\n");
    assert_int_equal(run("calibrate model good --undo", NULL)->status, 2);
    assert_int_equal(run("predict model good --force", NULL)->status, 2);
    assert_int_equal(run("calibrate model --threshold nought", NULL)->status, 2);
    assert_int_equal(run("calibrate model --threshold -1", NULL)->status, 2);
    assert_int_equal(run("calibrate model --false-reject-rate 0.7", NULL)->status, 2);
    assert_int_equal(run("calibrate nothing good", NULL)->status, 1);
    assert_int_equal(run("calibrate", NULL)->status, 2);
}

static void test_a_bar_on_a_terminal(void **state) {
    (void)state;
    const program *ran = run_on_terminal("train --set hide_tqdm_bar=false" SHORT);
    if (!ran)
        skip();
    assert_int_equal(ran->status, 0);
    assert_says(ran->err, "Features [--------------------] 0/4 images");
    assert_says(ran->err, "Train [####################] 4/4 sub epochs");
    assert_says(ran->err, "(4/4 images), loss 0.5000");
    assert_says(ran->err, "\rEpoch: 1 \t test_loss: 0.5000\r\n");
    assert_silent(ran->err, "train loss");
    assert_says(ran->out, "image_AUROC: 0.9876\n");
    size_t length = strlen(ran->err);
    assert_int_equal(ran->err[length - 1], '\n'); /* the bar is gone */
    ran = run_on_terminal("train --class slow --set meta_epochs=1 --set sub_epochs=20");
    assert_says(ran->err, " left"); /* remaining time */
    assert_says(ran->err, "/s, 0:00");
}

static int interrupted(const char *command, int signal_number, char *log) {
    char *folder = temporary_create(), path[1024];
    snprintf(path, sizeof path, "%s/log", folder);
    pid_t child = start(command, path);
    for (int i = 0; i < 500; i++) { /* until it works */
        usleep(10000);
        FILE *stream = fopen(path, "r");
        size_t length = stream ? fread(log, 1, 4095, stream) : 0;
        log[length] = '\0';
        if (stream)
            fclose(stream);
        if (strstr(log, "Epoch: 0.1"))
            break;
    }
    kill(-child, signal_number);
    int status = wait_for(child);
    FILE *stream = fopen(path, "r");
    log[fread(log, 1, 4095, stream)] = '\0';
    fclose(stream);
    temporary_remove(folder);
    return status;
}

static void test_interrupts(void **state) {
    (void)state;
    static char log[4096];
    static const char command[] = "train --class slow --set meta_epochs=1 --set sub_epochs=100";
    assert_int_equal(interrupted(command, SIGINT, log), 130);
    assert_says(log, "differnet: stopped on request\n"
                     "To continue: differnet train --resume 'my results/v1'\n");
    assert_int_equal(interrupted(command, SIGTERM, log), 143);
}

static void test_outputs_that_fail(void **state) {
    (void)state;
    char *folder = temporary_create(), command[1024];
    const program *ran = run("config > /dev/full", NULL);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->err,
                        "differnet: cannot write to standard output: No space left on device\n");
    ran = run("train -q" SHORT " >&-", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "cannot write to standard output: Bad file descriptor\n");
    put_file(folder, "a.png", "1", 1);
    snprintf(command, sizeof command, "predict model %s/a.png %s/a.png", folder, folder);
    ran = run_unread(command);
    assert_int_equal(ran->status, 1);
    assert_string_equal(ran->err, "");
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train_as_text),
        cmocka_unit_test(test_train_says_less),
        cmocka_unit_test(test_train_as_json),
        cmocka_unit_test(test_train_several_classes),
        cmocka_unit_test(test_failures_end_with_one),
        cmocka_unit_test(test_test),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_of_other_verbs),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_predict),
        cmocka_unit_test(test_predict_from_standard_input),
        cmocka_unit_test(test_info_and_benchmark),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_calibrate),
        cmocka_unit_test(test_a_bar_on_a_terminal),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_outputs_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
