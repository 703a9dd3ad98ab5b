/* predict: formats, patterns, an image on standard input, exit status 3, watching a folder. */
#include "program.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *found = text; (found = strstr(found, part)); found++)
        count++;
    return count;
}

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
    assert_string_equal(ran->out,
                        "image_path,pred_label,pred_score,raw_score,score_std,threshold,p_value,"
                        "verdict,rotations,model_id,elapsed_ms,error\n"
                        "'=1.png,1,0,3,0.5,2,0.5,FAIL,64,0123456789abcdef,2,\n"
                        "bad.png,,,,,,,,,,,bad.png: is no image\n");
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
        assert_int_equal(count_of(ran->out, "odd"), 1);
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
    assert_says(ran->out, "{\"image_path\":\"x*\",\"error\":\"x*: no file has that name or "
                          "matches it\"}\n");
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
    assert_int_equal(ran->status, 1);
    assert_says(ran->out, "\"error\":\"full: no space left\"");
    assert_silent(in_folder(folder, "a.png")->out, "regions");
    assert_int_equal(in_folder(folder, "--regions --format csv a.png")->status, 2);
    assert_int_equal(run("test model --maps", NULL)->status, 2);
    temporary_remove(folder);
}

/* ---- watching ---- */

typedef struct watched {
    char *folder, rows[600], parts[600];
    pid_t child;
} watched;

static watched watch(const char *options) {
    watched self = {.folder = temporary_create()};
    char command[2048], log[600];
    snprintf(self.parts, sizeof self.parts, "%s/parts", self.folder);
    snprintf(self.rows, sizeof self.rows, "%s/rows", self.folder);
    snprintf(log, sizeof log, "%s/log", self.folder);
    put_file(self.parts, "early.png", "12", 2);
    put_file(self.parts, "notes.txt", "12", 2);
    put_file(self.parts, ".hidden.png", "12", 2);
    mkdir(strcat(strcpy(command, self.parts), "/folder.png"), 0777);
    snprintf(command, sizeof command, "predict model --watch %s %s >%s", self.parts, options,
             self.rows);
    self.child = start(command, log);
    return self;
}

/* Waits up to ten seconds for a file to contain `part`; returns its text. */
static const char *text_with(const char *path, const char *part) {
    static char text[1 << 16];
    for (int i = 0; i < 1000; i++) {
        FILE *stream = fopen(path, "r");
        text[stream ? fread(text, 1, sizeof text - 1, stream) : 0] = '\0';
        if (stream)
            fclose(stream);
        if (strstr(text, part))
            return text;
        usleep(10000);
    }
    fail_msg("\"%s\" does not come up in:\n%s", part, text);
    return NULL;
}

static int end_of(watched *self, int signal_number) {
    if (signal_number)
        kill(-self->child, signal_number);
    int status = wait_for(self->child);
    temporary_remove(self->folder);
    return status;
}

static void test_watch_scores_each_file_once(void **state) {
    (void)state;
    watched self = watch("");
    char from[700], to[700];
    text_with(self.rows, "/early.png\"");
    /* Written slowly: not scored while it is empty or incomplete, before it is closed. */
    snprintf(to, sizeof to, "%s/slow.png", self.parts);
    int slow = open(to, O_WRONLY | O_CREAT, 0666);
    usleep(50000);
    assert_int_equal(write(slow, "123", 3), 3);
    put_file(self.parts, "quick.png", "1234", 4);
    text_with(self.rows, "/quick.png\"");
    assert_silent(text_with(self.rows, ""), "slow");
    assert_int_equal(write(slow, "456", 3), 3);
    close(slow);
    assert_says(text_with(self.rows, "/slow.png\""), "\"raw_score\":6,");
    /* Moved into the folder, and moved onto a file that was scored. */
    put_file(self.folder, "new", "12345678", 8);
    snprintf(from, sizeof from, "%s/new", self.folder);
    assert_int_equal(rename(from, to), 0);
    text_with(self.rows, "\"raw_score\":8,");
    /* The same file closed again is not scored again. */
    put_file(self.parts, "quick.png", "123456789", 9);
    put_file(self.parts, "last.png", "1", 1);
    const char *rows = text_with(self.rows, "/last.png\"");
    assert_int_equal(count_of(rows, "quick"), 1);
    assert_int_equal(count_of(rows, "early"), 1);
    assert_int_equal(count_of(rows, "slow"), 2);
    assert_silent(rows, "notes");
    assert_silent(rows, "hidden");
    assert_silent(rows, "folder.png\"");
    assert_int_equal(end_of(&self, SIGINT), 0);
}

static void test_watch_waits_for_a_file_to_be_complete(void **state) {
    (void)state;
    watched self = watch("");
    char path[700];
    text_with(self.rows, "/early.png\"");
    put_file(self.parts, "late.png", "", 0); /* closed, but still empty */
    usleep(20000);
    put_file(self.parts, "late.png", "123", 3);
    put_file(self.parts, "bad.png", "1", 1);
    put_file(self.parts, "good.png", "12", 2);
    text_with(self.rows, "/good.png\"");
    assert_says(text_with(self.rows, "/late.png\""), "\"raw_score\":3,");
    const char *rows = text_with(self.rows, "/bad.png: is no image");
    assert_int_equal(count_of(rows, "late"), 1);
    snprintf(path, sizeof path, "%s/good.png", self.parts);
    unlink(path);
    usleep(50000);
    put_file(self.parts, "good.png", "1234", 4);
    text_with(self.rows, "\"raw_score\":4,");
    assert_int_equal(end_of(&self, SIGTERM), 1); /* bad.png */
}

static void test_watch_ends_with_its_folder(void **state) {
    (void)state;
    watched self = watch("--threshold 1 --fail-on-anomaly");
    char log[600];
    text_with(self.rows, "/early.png\"");
    temporary_remove(strdup(self.parts));
    snprintf(log, sizeof log, "%s/log", self.folder);
    text_with(log, "/parts: was removed while it was watched\n");
    assert_int_equal(end_of(&self, 0), 1);
    self = watch("--threshold 1 --fail-on-anomaly");
    text_with(self.rows, "/early.png\"");
    assert_int_equal(end_of(&self, SIGINT), 3);
    const program *ran = run("predict model --watch /nowhere", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "differnet: /nowhere: No such file or directory\n");
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
        cmocka_unit_test(test_watch_scores_each_file_once),
        cmocka_unit_test(test_watch_waits_for_a_file_to_be_complete),
        cmocka_unit_test(test_watch_ends_with_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
