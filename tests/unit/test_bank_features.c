/* The feature bank: what is stored comes back, and nothing else ever does. */
#include "bank/cache_folder.h"
#include "bank/feature_bank.h"
#include "support/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 3, DIMENSIONS = 20, VALUES = ROWS * DIMENSIONS, PAGE = 4096 };
enum { ROW_BYTES = DIMENSIONS * 4 + DN_DIGEST_BYTES, RECORD = ROWS * ROW_BYTES };
static const uint64_t plenty = (uint64_t)1 << 40;
static dn_error error;

typedef struct scene {
    char *folder;
    dn_feature_bank bank;
} scene;

static void open_bank(scene *self, const char *key) {
    assert_ok(
        dn_feature_bank_open(self->folder, plenty, key, ROWS, DIMENSIONS, &self->bank, &error));
}

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    open_bank(self, "a key");
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    dn_feature_bank_close(&self->bank);
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static void reopen(scene *self) {
    dn_feature_bank_close(&self->bank);
    open_bank(self, "a key");
}

static void digest_of(uint32_t image, uint8_t digest[DN_DIGEST_BYTES]) {
    dn_digest_parts(&(dn_digest_part){&image, sizeof image}, 1, digest);
}

static void store(scene *self, uint32_t image) {
    uint8_t digest[DN_DIGEST_BYTES];
    float features[VALUES];
    digest_of(image, digest);
    pseudo_floats(features, VALUES, image, 2.0);
    assert_ok(dn_feature_bank_store(&self->bank, digest, features, &error));
}

/* How many of an image's rows are there; those that are must be right. */
static int count_rows(scene *self, uint32_t image) {
    uint8_t digest[DN_DIGEST_BYTES];
    float expected[VALUES], features[DIMENSIONS];
    size_t record;
    int found = 0;
    digest_of(image, digest);
    pseudo_floats(expected, VALUES, image, 2.0);
    if (!dn_feature_bank_find(&self->bank, digest, &record))
        return 0;
    for (size_t row = 0; row < ROWS; row++) {
        if (!dn_feature_bank_read(&self->bank, digest, record, row, features))
            continue;
        assert_memory_equal(features, expected + row * DIMENSIONS, sizeof features);
        found++;
    }
    return found;
}

static void path_of(const scene *self, char path[1200]) {
    snprintf(path, 1200, "%s/%s", self->folder, self->bank.name);
}

static uint64_t size_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (uint64_t)status.st_size;
}

static void overwrite(const char *path, uint64_t offset, const void *bytes, size_t size) {
    int file = open(path, O_WRONLY);
    assert_true(pwrite(file, bytes, size, (off_t)offset) == (ssize_t)size);
    close(file);
}

/* More than one segment, through the handle that stored and through a fresh one. */
static void test_everything_comes_back(void **state) {
    enum { IMAGES = 300 };
    scene *self = *state;
    char path[1200];
    for (uint32_t i = 0; i < IMAGES; i++) {
        assert_int_equal(count_rows(self, i), 0);
        store(self, i);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < IMAGES; i++)
            assert_int_equal(count_rows(self, i), ROWS);
        assert_int_equal(count_rows(self, IMAGES), 0);
        reopen(self);
    }
    path_of(self, path);
    assert_true(size_of(path) == dn_feature_bank_bytes(IMAGES, ROWS, DIMENSIONS));
}

static void test_other_key_other_file(void **state) {
    scene *self = *state, other = {.folder = self->folder};
    store(self, 1);
    open_bank(&other, "another key");
    assert_string_not_equal(other.bank.name, self->bank.name);
    assert_int_equal(count_rows(&other, 1), 0);
    /* A file that carries this key's name and another's content is started anew. */
    char path[1200], wrong[1200];
    path_of(self, path);
    path_of(&other, wrong);
    dn_feature_bank_close(&other.bank);
    assert_int_equal(rename(path, wrong), 0);
    open_bank(&other, "another key");
    assert_int_equal(count_rows(&other, 1), 0);
    store(&other, 2);
    assert_int_equal(count_rows(&other, 2), ROWS);
    dn_feature_bank_close(&other.bank);
}

/* Two handles stand for two processes. */
static void test_seen_by_others_at_once(void **state) {
    scene *self = *state, other = {.folder = self->folder};
    open_bank(&other, "a key");
    for (uint32_t i = 0; i < 20; i++) {
        store(i % 2 ? self : &other, i);
        assert_int_equal(count_rows(i % 2 ? &other : self, i), ROWS);
    }
    store(self, 7); /* known already: takes no place of its own */
    assert_int_equal(self->bank.index.count, 20);
    dn_feature_bank_close(&other.bank);
}

/* A byte changed anywhere costs at most what it belongs to. */
static void test_damage_is_noticed(void **state) {
    scene *self = *state;
    char path[1200];
    uint32_t random = 1;
    for (uint32_t i = 0; i < 10; i++)
        store(self, i);
    path_of(self, path);
    uint64_t size = size_of(path);
    for (int attempt = 0; attempt < 300; attempt++) {
        random = random * 1664525 + 1013904223;
        uint64_t offset = attempt % 3 ? PAGE * 2 + random % (size - PAGE * 2) : random % (2 * PAGE);
        uint8_t noise = (uint8_t)(random >> 24);
        overwrite(path, offset, &noise, 1);
        if (attempt % 10 == 0)
            reopen(self);
        for (uint32_t i = 0; i < 10; i++)
            if (count_rows(self, i) < ROWS)
                store(self, i);
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(count_rows(self, i), ROWS);
    }
}

/* Cut anywhere, also under an open handle. */
static void test_truncation_is_noticed(void **state) {
    scene *self = *state;
    char path[1200];
    for (int attempt = 0; attempt < 60; attempt++) {
        for (uint32_t i = 0; i < 140; i += 7)
            if (count_rows(self, i) < ROWS)
                store(self, i);
        path_of(self, path);
        assert_int_equal(truncate(path, (off_t)(size_of(path) * (uint64_t)attempt / 60)), 0);
        if (attempt % 2)
            reopen(self);
        for (uint32_t i = 0; i < 140; i += 7)
            count_rows(self, i);
    }
}

/* The rows of one image, or of one row number, in another's place. */
static void test_rows_belong_to_their_place(void **state) {
    scene *self = *state;
    char path[1200];
    uint8_t record[RECORD];
    store(self, 1);
    store(self, 2);
    path_of(self, path);
    int file = open(path, O_RDONLY);
    assert_true(pread(file, record, RECORD, 2 * PAGE) == RECORD);
    close(file);
    overwrite(path, 2 * PAGE + RECORD, record, RECORD);
    assert_int_equal(count_rows(self, 2), 0);
    overwrite(path, 2 * PAGE + ROW_BYTES, record, ROW_BYTES);
    assert_int_equal(count_rows(self, 1), 2);
}

static void store_for_ever(const char *folder, uint32_t first) {
    scene child = {.folder = (char *)(uintptr_t)folder};
    open_bank(&child, "a key");
    for (uint32_t i = first;; i++)
        store(&child, i % 1000);
}

/* Two writers, killed at random moments; a third reads meanwhile and afterwards. */
static void test_kill_leaves_nothing_torn(void **state) {
    scene *self = *state;
    uint32_t complete = 0;
    for (int round = 0; round < 20; round++) {
        pid_t writers[2];
        for (int i = 0; i < 2; i++) {
            writers[i] = fork();
            if (writers[i] == 0)
                store_for_ever(self->folder, (uint32_t)(round * 37 + i * 500));
        }
        usleep((useconds_t)(500 + round * 397));
        for (int i = 0; i < 2; i++) {
            kill(writers[i], SIGKILL);
            waitpid(writers[i], NULL, 0);
            for (uint32_t image = 0; image < 1000; image++)
                complete += count_rows(self, image) == ROWS;
        }
        reopen(self);
    }
    assert_true(complete > 0);
    store(self, 2000);
    assert_int_equal(count_rows(self, 2000), ROWS);
}

/* ---- room ---- */

static void put_bank(const scene *self, const char *name, size_t size, time_t used) {
    char *zeros = calloc(1, size);
    const char *path = put_file(self->folder, name, zeros, size);
    const struct timespec times[2] = {{used, 0}, {used, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(zeros);
}

static int is_there(const scene *self, const char *name) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", self->folder, name);
    return access(path, F_OK) == 0;
}

static void test_oldest_go_first(void **state) {
    scene *self = *state;
    put_bank(self, "old.bank", 3000, 1000);
    put_bank(self, "older.bank", 3000, 500);
    put_bank(self, "new.bank", 3000, 2000);
    put_bank(self, "letter.txt", 9000, 1);
    uint64_t present = 9000 + PAGE; /* this scene's own bank has its first page */
    assert_ok(dn_cache_make_room(self->folder, self->bank.name, 100, present + 100, &error));
    assert_true(is_there(self, "older.bank"));
    assert_ok(dn_cache_make_room(self->folder, self->bank.name, 101, present + 100, &error));
    assert_false(is_there(self, "older.bank"));
    assert_true(is_there(self, "old.bank"));
    assert_fails(dn_cache_make_room(self->folder, self->bank.name, 9000, 9000, &error), DN_ERROR_IO,
                 "cache_limit");
    assert_false(is_there(self, "old.bank") || is_there(self, "new.bank"));
    assert_true(is_there(self, self->bank.name) && is_there(self, "letter.txt"));
}

/* A bank stops before it is larger than allowed; one that another process removed goes on. */
static void test_limit_and_removal(void **state) {
    scene *self = *state;
    char path[1200];
    uint64_t segment = PAGE + (uint64_t)DN_BANK_SEGMENT * RECORD;
    self->bank.limit = PAGE + segment;
    for (uint32_t i = 0; i < DN_BANK_SEGMENT; i++)
        store(self, i);
    uint8_t digest[DN_DIGEST_BYTES];
    float features[VALUES] = {0};
    digest_of(1000, digest);
    assert_fails(dn_feature_bank_store(&self->bank, digest, features, &error), DN_ERROR_IO,
                 "the cache is full");
    assert_int_equal(count_rows(self, 5), ROWS);
    path_of(self, path);
    assert_true(size_of(path) <= self->bank.limit);
    unlink(path);
    assert_int_equal(count_rows(self, 5), ROWS);
    reopen(self);
    assert_int_equal(count_rows(self, 5), 0);
}

static void test_places_that_cannot_be(void **state) {
    scene *self = *state;
    dn_feature_bank bank;
    char path[1200], key[4100];
    assert_fails(
        dn_feature_bank_open("/proc/nowhere", plenty, "a key", ROWS, DIMENSIONS, &bank, &error),
        DN_ERROR_IO, "/proc/nowhere");
    path_of(self, path);
    unlink(path);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_fails(
        dn_feature_bank_open(self->folder, plenty, "a key", ROWS, DIMENSIONS, &bank, &error),
        DN_ERROR_IO, "is not a regular file");
    memset(key, 'k', sizeof key);
    key[4099] = '\0';
    assert_fails(dn_feature_bank_open(self->folder, plenty, key, ROWS, DIMENSIONS, &bank, &error),
                 DN_ERROR_ARGUMENT, "at most 4000");
}

static void test_default_folder(void **state) {
    (void)state;
    char folder[200];
    setenv("XDG_CACHE_HOME", "/x/cache", 1);
    setenv("HOME", "/home/somebody", 1);
    assert_ok(dn_cache_folder("", folder, sizeof folder, &error));
    assert_string_equal(folder, "/x/cache/differnet");
    assert_ok(dn_cache_folder("/own", folder, sizeof folder, &error));
    assert_string_equal(folder, "/own/");
    setenv("XDG_CACHE_HOME", "relative", 1);
    assert_ok(dn_cache_folder("", folder, sizeof folder, &error));
    assert_string_equal(folder, "/home/somebody/.cache/differnet");
    unsetenv("HOME");
    assert_fails(dn_cache_folder("", folder, sizeof folder, &error), DN_ERROR_IO, "set cache_dir");
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_everything_comes_back),    with_scene(test_other_key_other_file),
        with_scene(test_seen_by_others_at_once),   with_scene(test_damage_is_noticed),
        with_scene(test_truncation_is_noticed),    with_scene(test_rows_belong_to_their_place),
        with_scene(test_kill_leaves_nothing_torn), with_scene(test_oldest_go_first),
        with_scene(test_limit_and_removal),        with_scene(test_places_that_cannot_be),
        cmocka_unit_test(test_default_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
