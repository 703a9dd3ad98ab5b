/* predict --watch: writers of every kind, with and without events, kills, moves. Every picture has
 * exactly one row. The stubbed library's score of a picture is its size. */
#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAST "--settle 0.2 --poll 0.1 --give-up 0.6 "

typedef struct scene {
    char *folder, rows[600], parts[600], state[600], log[600], moved[600];
    pid_t child;
} scene;

static scene create(void) {
    scene self = {.folder = temporary_create()};
    snprintf(self.parts, sizeof self.parts, "%s/parts", self.folder);
    snprintf(self.rows, sizeof self.rows, "%s/rows", self.folder);
    snprintf(self.state, sizeof self.state, "%s/state", self.folder);
    snprintf(self.log, sizeof self.log, "%s/log", self.folder);
    snprintf(self.moved, sizeof self.moved, "%s/moved", self.folder);
    mkdir(self.parts, 0777);
    put_file(self.folder, "model", "m", 1);
    if (chdir(self.folder) != 0)
        fail_msg("chdir");
    return self;
}

static const char *text_of(const char *path) {
    static char text[1 << 17];
    FILE *stream = fopen(path, "r");
    text[stream ? fread(text, 1, sizeof text - 1, stream) : 0] = '\0';
    if (stream)
        fclose(stream);
    return text;
}

/* Waits up to ten seconds for a file to contain `part` `count` times; returns its text. */
static const char *text_with(const char *path, const char *part, int count) {
    const char *text = "";
    for (int i = 0; i < 1000; i++) {
        text = text_of(path);
        if (count_of(text, part) >= count)
            return text;
        usleep(10000);
    }
    fail_msg("\"%s\" does not come up %d times in:\n%s", part, count, text);
    return NULL;
}

/* A watcher that appends its rows. */
static void watch(scene *self, const char *options) {
    char command[2048];
    unlink(self->log);
    snprintf(command, sizeof command, "predict model --watch parts " FAST "%s >>rows", options);
    self->child = start(command, self->log);
    text_with(self->log, "watching; Ctrl-C ends it", 1);
}

static int stop(scene *self, int signal_number) {
    kill(-self->child, signal_number);
    return wait_for(self->child);
}

static void put(const scene *self, const char *name, size_t size) {
    static const char bytes[64] = "0123456789";
    put_file(self->parts, name, bytes, size);
}

static void assert_row(const scene *self, const char *name, size_t size) {
    char part[200];
    const char *rows = text_of(self->rows), *row;
    int count = 0;
    snprintf(part, sizeof part, "\"raw_score\":%zu,", size);
    for (const char *line = rows; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        row = strstr(line, name);
        if (!end)
            fail_msg("an incomplete row: %s", line);
        const char *score = strstr(line, part);
        count += row && row < end && score && score < end;
    }
    if (count != 1)
        fail_msg("%d rows of %s with %zu bytes in:\n%s", count, name, size, rows);
}

static void settle(void) {
    usleep(700000);
}

/* ---- writers ---- */

static void write_slowly(const scene *self, const char *name, int closes) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", self->parts, name);
    int file = open(path, O_WRONLY | O_CREAT, 0666);
    assert_int_equal(write(file, "0000", 4), 4);
    usleep(120000);
    if (closes) { /* header and zeros; the picture comes later */
        close(file);
        usleep(100000);
        file = open(path, O_WRONLY);
        lseek(file, 0, SEEK_END);
    }
    assert_int_equal(write(file, "00000000000", 11), 11);
    close(file);
}

static void rename_into(const scene *self, const char *name, size_t size) {
    char from[700], to[700];
    put(self, ".new", size);
    snprintf(from, sizeof from, "%s/.new", self->parts);
    snprintf(to, sizeof to, "%s/%s", self->parts, name);
    assert_int_equal(rename(from, to), 0);
}

static void link_into(const scene *self, const char *name, size_t size) {
    char from[700], to[700];
    put_file(self->folder, "elsewhere.png", "0123456789012345678901234567890", size);
    snprintf(from, sizeof from, "%s/elsewhere.png", self->folder);
    snprintf(to, sizeof to, "%s/%s", self->parts, name);
    assert_int_equal(link(from, to), 0);
}

/* One picture of each kind of writer, and three that overwrite one name. */
static void write_all(const scene *self) {
    put(self, "copy.png", 11);
    rename_into(self, "atomic.png", 12);
    link_into(self, "link.png", 13);
    write_slowly(self, "slow.png", 0);
    write_slowly(self, "reopened.png", 1);
    put(self, "latest.png", 16);
    settle();
    put(self, "latest.png", 17);
    settle();
    put(self, "latest.png", 16); /* the size of the first again */
    settle();
}

static void assert_all(const scene *self) {
    const char *rows = text_with(self->rows, "\n", 8);
    assert_int_equal(count_of(rows, "\n"), 8);
    assert_row(self, "/copy.png", 11);
    assert_row(self, "/atomic.png", 12);
    assert_row(self, "/link.png", 13);
    assert_row(self, "/slow.png", 15);
    assert_row(self, "/reopened.png", 15);
    assert_row(self, "/latest.png", 17);
    assert_int_equal(count_of(text_of(self->rows), "/latest.png"), 3);
}

static void with_writers(int events) {
    scene self = create();
    put(&self, "notes.txt", 3);
    put(&self, ".hidden.png", 3);
    put(&self, "part.png_overlay.png", 3);
    setenv("DN_WATCH_EVENTS", events ? "on" : "off", 1);
    watch(&self, "");
    write_all(&self);
    assert_all(&self);
    assert_says(text_of(self.log), "skipped results of differnet (maps, overlays): 1");
    assert_int_equal(stop(&self, SIGINT), 0);
    unsetenv("DN_WATCH_EVENTS");
    temporary_remove(self.folder);
}

static void test_writers_with_events(void **state) {
    (void)state;
    with_writers(1);
}

static void test_writers_without_events(void **state) {
    (void)state;
    with_writers(0);
}

static void test_a_restart_neither_repeats_nor_loses(void **state) {
    (void)state;
    scene self = create();
    put(&self, "early.png", 5);
    for (int i = 0; i < 4; i++) {
        char name[32];
        watch(&self, "--state state");
        snprintf(name, sizeof name, "running-%d.png", i);
        put(&self, name, 20 + (size_t)i);
        text_with(self.rows, name, 1);
        snprintf(name, sizeof name, "killed-%d.png", i);
        put(&self, name, 30 + (size_t)i); /* perhaps seen, perhaps not */
        usleep((unsigned)i * 90000);
        assert_int_equal(stop(&self, i == 3 ? SIGTERM : SIGKILL), i == 3 ? 0 : 1000 + SIGKILL);
        put(&self, "latest.png", 40 + (size_t)i); /* while nobody watches */
        watch(&self, "--state state");
        text_with(self.rows, "latest.png", i + 1);
        text_with(self.rows, name, 1);
        stop(&self, SIGKILL);
    }
    const char *rows = text_of(self.rows);
    assert_int_equal(count_of(rows, "\n"), 13);
    assert_int_equal(count_of(rows, "early.png"), 1);
    assert_int_equal(count_of(rows, "latest.png"), 4);
    temporary_remove(self.folder);
}

/* Removes the end of a file, from the last `part` on plus `kept` bytes. */
static void cut(const char *path, const char *part, size_t kept) {
    const char *text = text_of(path), *last = NULL;
    for (const char *found = text; (found = strstr(found, part)); found++)
        last = found;
    assert_non_null(last);
    assert_int_equal(truncate(path, (off_t)((size_t)(last - text) + kept)), 0);
}

/* The watcher is killed between the line of the log, the row, and the line that it is printed. */
static void test_an_open_row_is_finished_once(void **state) {
    (void)state;
    scene self = create();
    put(&self, "a.png", 5);
    watch(&self, "--state state");
    text_with(self.state, "\tD\n", 1);
    stop(&self, SIGKILL);
    static char complete[1 << 14];
    snprintf(complete, sizeof complete, "%s", text_of(self.rows));
    const struct {
        const char *part;
        size_t kept;
    } cuts[] = {{"\n", 1}, {"\n", 0}, {"raw_score", 3}, {"{", 0}};
    for (size_t i = 0; i < 4; i++) { /* printed whole; without its newline; in part; not at all */
        const char *text = text_of(self.state), *done = strstr(text, "\tD\n");
        assert_int_equal(truncate(self.state, done - text - 5), 0); /* torn */
        cut(self.rows, cuts[i].part, cuts[i].kept);
        watch(&self, "--state state");
        text_with(self.state, "\tD\n", 1);
        settle();
        assert_int_equal(stop(&self, SIGINT), 0);
        assert_string_equal(text_of(self.rows), complete);
    }
    /* Something else was printed meanwhile, without an end. */
    const char *text = text_of(self.state), *done = strstr(text, "\tD\n");
    assert_int_equal(truncate(self.state, done - text - 8), 0);
    put_file(self.folder, "rows", "other", 5);
    watch(&self, "--state state");
    text_with(self.state, "\tD\n", 1);
    assert_int_equal(stop(&self, SIGINT), 0);
    assert_int_equal(strncmp(text_of(self.rows), "other\n{", 7), 0);
    temporary_remove(self.folder);
}

static void test_state_files_that_cannot_be_used(void **state) {
    (void)state;
    scene self = create();
    put_file(self.folder, "notes.txt", "my notes\n", 9);
    const program *ran = run("predict model --watch parts --state notes.txt", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "notes.txt: is not a state file");
    assert_string_equal(text_of("notes.txt"), "my notes\n");
    put_file(self.folder, "short.txt", "diary", 5);
    assert_says(run("predict model --watch parts --state short.txt", NULL)->err,
                "short.txt: is not a state file");
    assert_string_equal(text_of("short.txt"), "diary");
    assert_says(run("predict model --watch parts --state nowhere/x", NULL)->err, "No such file");
    watch(&self, "--state state");
    assert_says(run("predict model --watch parts --state state", NULL)->err,
                "another watcher uses this state file");
    stop(&self, SIGKILL);
    FILE *damaged = fopen(self.state, "a");
    fputs("00000000\tK\tx\ty\t1\t1\t1\t1\n", damaged);
    fclose(damaged);
    watch(&self, "--state state");
    assert_says(text_of(self.log), "state: 1 damaged lines were skipped");
    assert_int_equal(stop(&self, SIGINT), 0);
    temporary_remove(self.folder);
}

static void test_what_cannot_be_read_has_one_row(void **state) {
    (void)state;
    scene self = create();
    put(&self, "bad.png", 4);
    put(&self, "empty.png", 0);
    watch(&self, "--state state");
    text_with(self.rows, "/bad.png: is no image", 1);
    text_with(self.rows, "/empty.png: is no image", 1);
    settle();
    assert_int_equal(stop(&self, SIGKILL), 1000 + SIGKILL);
    watch(&self, "--state state");
    settle();
    assert_int_equal(count_of(text_of(self.rows), "\n"), 2);
    put(&self, "empty.png", 7); /* it comes after all */
    text_with(self.rows, "\"raw_score\":7,", 1);
    put(&self, "late.png", 0);
    usleep(300000);
    put(&self, "late.png", 8);
    text_with(self.rows, "\"raw_score\":8,", 1);
    assert_int_equal(stop(&self, SIGTERM), 0); /* this run printed no error */
    assert_int_equal(count_of(text_of(self.rows), "late.png"), 1);
    temporary_remove(self.folder);
}

/* ---- moves ---- */

static int exists(const char *folder, const char *name) {
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static int count_files(const char *folder) {
    char command[1400];
    snprintf(command, sizeof command, "find %s -type f | wc -l >count", folder);
    if (system(command) != 0)
        fail_msg("%s", command);
    return atoi(text_of("count"));
}

static void moves_to(scene *self, const char *target) {
    char options[1400];
    snprintf(options, sizeof options, "--threshold 9 --state state --move-to %s", target);
    watch(self, options);
    put(self, "good.png", 5);
    put(self, "maybe.png", 8);
    put(self, "defective.png", 12);
    put(self, "bad.png", 3);
    for (int i = 1; i <= 3; i++) {
        put(self, "latest.png", (size_t)i);
        text_with(self->rows, "latest.png", i);
        for (int wait = 0; wait < 500 && exists("parts", "latest.png"); wait++)
            usleep(10000); /* a writer that does not would write into the file that moves */
    }
    text_with(self->rows, "\n", 7);
    settle();
    assert_int_equal(stop(self, SIGINT), 1); /* bad.png */
    assert_true(exists(target, "pass/good.png"));
    assert_true(exists(target, "review/maybe.png"));
    assert_true(exists(target, "fail/defective.png"));
    assert_true(exists(target, "error/bad.png"));
    assert_true(exists(target, "pass/latest.png"));
    assert_int_equal(count_files(target), 7);
    assert_int_equal(count_files("parts"), 0);
    assert_int_equal(count_of(text_of(self->rows), "\n"), 7);
}

static void test_moves(void **state) {
    (void)state;
    scene self = create();
    moves_to(&self, self.moved);
    temporary_remove(self.folder);
}

static void test_moves_to_another_file_system(void **state) {
    (void)state;
    scene self = create();
    struct stat here, there;
    char target[] = "/dev/shm/differnet-test-XXXXXX";
    if (!mkdtemp(target))
        skip();
    if (stat(self.folder, &here) == 0 && stat(target, &there) == 0 && here.st_dev != there.st_dev)
        moves_to(&self, target);
    temporary_remove(strdup(target));
    temporary_remove(self.folder);
}

/* Killed between row and move; and a target that cannot be made. */
static void test_moves_are_made_up_for(void **state) {
    (void)state;
    scene self = create();
    put(&self, "a.png", 5);
    watch(&self, "--threshold 9 --state state");
    text_with(self.state, "\tD\n", 1);
    stop(&self, SIGKILL);
    put_file(self.folder, "moved", "a file", 6);
    watch(&self, "--threshold 9 --state state --move-to moved");
    text_with(self.log, "parts/a.png: cannot be moved to moved/pass", 1);
    assert_int_equal(stop(&self, SIGINT), 1);
    assert_says(text_of(self.log), "1 file could not be moved to moved");
    unlink("moved");
    watch(&self, "--threshold 9 --state state --move-to moved");
    for (int i = 0; i < 500 && !exists("moved", "pass/a.png"); i++)
        usleep(10000);
    assert_true(exists("moved", "pass/a.png"));
    assert_int_equal(stop(&self, SIGINT), 0);
    assert_int_equal(count_of(text_of(self.rows), "\n"), 1);
    temporary_remove(self.folder);
}

/* ---- the rest ---- */

static void test_a_replaced_model_is_said(void **state) {
    (void)state;
    scene self = create();
    watch(&self, "");
    put(&self, "a.png", 5);
    assert_silent(text_with(self.rows, "a.png", 1), "warnings");
    put_file(self.folder, "other", "mm", 2);
    assert_int_equal(rename("other", "model"), 0);
    text_with(self.log, "model: the model on disk was replaced", 1);
    put(&self, "b.png", 6);
    assert_says(text_with(self.rows, "b.png", 1),
                "\"warnings\":[\"the model file on disk was replaced; this score is from model "
                "0123456789abcdef, which was opened before\"]");
    settle();
    assert_int_equal(count_of(text_of(self.log), "model on disk was replaced"), 1);
    assert_int_equal(stop(&self, SIGINT), 0);
    temporary_remove(self.folder);
}

static void test_pictures_that_came_too_fast_are_said(void **state) {
    (void)state;
    scene self = create();
    watch(&self, "");
    for (size_t i = 1; i <= 3; i++)
        put(&self, "latest.png", i);
    assert_says(text_with(self.rows, "latest.png", 1), "the file was written 3 times");
    char path[700];
    snprintf(path, sizeof path, "%s/growing.png", self.parts);
    int file = open(path, O_WRONLY | O_CREAT, 0666);
    for (int i = 0; i < 60 && !strstr(text_of(self.log), "growing.png: has been changing"); i++) {
        assert_int_equal(write(file, "1", 1), 1);
        usleep(100000);
    }
    close(file);
    assert_says(text_of(self.log), "growing.png: has been changing for 3 s");
    text_with(self.rows, "growing.png", 1);
    assert_int_equal(stop(&self, SIGINT), 0);
    temporary_remove(self.folder);
}

static void test_two_folders_and_their_end(void **state) {
    (void)state;
    scene self = create();
    mkdir("second", 0777);
    watch(&self, "--watch second --threshold 1 --fail-on anomaly --format csv");
    put(&self, "a.png", 5);
    put_file("second", "a.png", "123456", 6);
    text_with(self.rows, "parts/a.png,1,", 1);
    text_with(self.rows, "second/a.png,1,", 1);
    assert_int_equal(count_of(text_of(self.rows), "image_path"), 1);
    assert_int_equal(stop(&self, SIGINT), 3);
    watch(&self, "--watch second");
    unlink("second/a.png");
    rmdir("second");
    text_with(self.log, "second: was removed while it was watched\n", 1);
    assert_int_equal(wait_for(self.child), 1);
    temporary_remove(self.folder);
}

/* Maps of a name that is overwritten do not overwrite each other; one that fails costs no verdict.
 */
static void test_maps(void **state) {
    (void)state;
    scene self = create();
    watch(&self, "--overlay --output full");
    put(&self, "a.png", 5);
    const char *rows = text_with(self.rows, "a.png", 1);
    assert_says(rows, "\"raw_score\":5,");
    assert_says(rows, "\"warnings\":[\"full: no space left\"]");
    assert_int_equal(stop(&self, SIGINT), 1);
    watch(&self, "--overlay --output there");
    text_with(self.rows, "\"overlay\":\"there/parts/a.png.overlay\"", 1);
    assert_int_equal(stop(&self, SIGINT), 0);
    temporary_remove(self.folder);
}

static void test_usage(void **state) {
    (void)state;
    scene self = create();
    assert_says(run("predict model parts --state x", NULL)->err, "--state needs --watch DIR");
    assert_says(run("predict model --watch parts --settle 0", NULL)->err,
                "expected a number above 0");
    assert_says(run("predict model --watch parts --move-to x", NULL)->err,
                "--move-to needs a model with a threshold");
    assert_says(run("predict model --watch parts --watch ./parts", NULL)->err, "watched twice");
    const program *ran = run("predict model --watch nowhere", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "differnet: nowhere: No such file or directory\n");
    put_file(self.parts, ".differnet-results", "", 0);
    assert_says(run("predict model --watch parts", NULL)->err, "is a results folder of differnet");
    temporary_remove(self.folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writers_with_events),
        cmocka_unit_test(test_writers_without_events),
        cmocka_unit_test(test_a_restart_neither_repeats_nor_loses),
        cmocka_unit_test(test_an_open_row_is_finished_once),
        cmocka_unit_test(test_state_files_that_cannot_be_used),
        cmocka_unit_test(test_what_cannot_be_read_has_one_row),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_moves_to_another_file_system),
        cmocka_unit_test(test_moves_are_made_up_for),
        cmocka_unit_test(test_a_replaced_model_is_said),
        cmocka_unit_test(test_pictures_that_came_too_fast_are_said),
        cmocka_unit_test(test_two_folders_and_their_end),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
