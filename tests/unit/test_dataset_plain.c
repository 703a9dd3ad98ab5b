/* Plain folders of pictures: what is recognised, what is held out, names, and messages. */
#include "dataset/plain.h"
#include "dataset_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* folder/000.png and so on */
static void put_many(const scene *set, const char *folder, int first, int count) {
    char name[256];
    for (int i = first; i < first + count; i++) {
        snprintf(name, sizeof name, "%s/%03d.png", folder, i);
        put(set, name);
    }
}

/* "good=A|bad=B" with each path below the root; `form` has a % for the root. */
static const char *list_of(scene *set, const char *form) {
    size_t length = 0;
    for (; *form; form++)
        length += (size_t)snprintf(set->list + length, sizeof set->list - length, "%.*s",
                                   *form == '%' ? 200 : 1, *form == '%' ? set->root : form);
    return set->list;
}

static void open_set(scene *set, const char *root, unsigned wanted) {
    dn_error error = {0};
    dn_dataset_close(&set->dataset);
    set->messages[0] = '\0';
    set->warnings = 0;
    if (dn_dataset_open(root, "", wanted, &set->observer, &set->dataset, &error) != DN_OK)
        fail_msg("%s", error.message);
}

static void fails(scene *set, const char *root, unsigned wanted, const char *part) {
    dn_error error = {0};
    dn_dataset_close(&set->dataset);
    assert_fails(dn_dataset_open(root, "", wanted, &set->observer, &set->dataset, &error),
                 DN_ERROR_DATA, part);
}

static void counts(const scene *set, size_t train, size_t good, size_t bad) {
    const size_t *begin = set->dataset.begin;
    assert_int_equal(begin[1] - begin[0], train);
    assert_int_equal(begin[2], begin[1]);
    assert_int_equal(set->dataset.good[DN_SPLIT_TEST], good);
    assert_int_equal(begin[3] - begin[2] - good, bad);
}

static const dn_sample *find(const scene *set, const char *name) {
    for (size_t i = 0; i < set->dataset.count; i++)
        if (strcmp(set->dataset.samples[i].name, name) == 0)
            return &set->dataset.samples[i];
    fail_msg("no sample is called %s", name);
    return NULL;
}

static void has(const scene *set, const char *name, int label, const char *kind) {
    const dn_sample *sample = find(set, name);
    assert_int_equal(sample->label, label);
    assert_string_equal(sample->defect, kind);
    assert_int_equal(access(sample->path, R_OK), 0);
}

/* ---- The split --------------------------------------------------------------------------------
 */

static void holds_out_a_fifth(void **state) {
    scene *set = *state;
    put_many(set, "ok", 0, 49);
    open_set(set, list_of(set, "good=%/ok"), TRAIN | TEST);
    counts(set, 49, 0, 0);
    assert_int_equal(set->warnings, 2);
    heard(set, "49 good pictures, fewer than 50: all are for training and none is held out");
    put_many(set, "ok", 49, 1);
    open_set(set, list_of(set, "good=%/ok"), TRAIN | TEST);
    counts(set, 40, 10, 0);
    assert_int_equal(set->warnings, 0);
    heard(set, "50 good pictures: 40 are for training, 10 are held out for the test (one in 5");
    fails(set, list_of(set, "good=%/none"), TRAIN, "/none: cannot open: No such file");
}

/* Neither the place of the pictures nor the other split that is read changes which are held out,
 * and few pictures change sides when some are added. */
static void holds_out_the_same(void **state) {
    scene *set = *state;
    char first[65], again[65], kept[16][64], moved[1100], target[1100];
    size_t count = 0, stays = 0;
    put_many(set, "ok", 0, 60);
    open_set(set, list_of(set, "good=%/ok"), TRAIN | TEST);
    dn_error error = {0};
    assert_ok(dn_dataset_fingerprint(&set->dataset, DN_SPLIT_TRAIN, first, &error));
    for (size_t i = set->dataset.begin[DN_SPLIT_TEST]; i < set->dataset.count; i++)
        snprintf(kept[count++], 64, "%s", set->dataset.samples[i].name);
    assert_int_equal(count, 12);
    open_set(set, set->list, TEST);
    assert_int_equal(set->dataset.count, 12);
    for (size_t i = 0; i < 12; i++)
        assert_string_equal(set->dataset.samples[i].name, kept[i]);
    snprintf(moved, sizeof moved, "%s/ok", set->root);
    snprintf(target, sizeof target, "%s/elsewhere", set->root);
    assert_int_equal(rename(moved, target), 0);
    open_set(set, list_of(set, "good=%/elsewhere"), TRAIN);
    assert_ok(dn_dataset_fingerprint(&set->dataset, DN_SPLIT_TRAIN, again, &error));
    assert_string_equal(again, first);
    put_many(set, "elsewhere", 60, 5);
    open_set(set, set->list, TEST);
    for (size_t i = 0; i < set->dataset.count; i++)
        for (size_t k = 0; k < 12; k++)
            stays += strcmp(set->dataset.samples[i].name, kept[k]) == 0;
    assert_true(stays >= 10);
}

/* ---- Names and kinds --------------------------------------------------------------------------
 */

static void folders_below_bad_are_kinds(void **state) {
    scene *set = *state;
    put(set, "ok/1.png");
    put(set, "ok/lot/2.png");
    put(set, "ng/3.png");
    put(set, "ng/scratch/4.png");
    put(set, "ng/scratch/deep/5.png");
    put(set, "ng/ok/6.png");
    put(set, "one.png");
    put(set, "ok/notes.txt");
    open_set(set, list_of(set, "good=%/ok|bad=%/ng|bad=%/one.png"), TRAIN | TEST);
    counts(set, 2, 0, 5);
    has(set, "train/good/1.png", 0, "good");
    has(set, "train/good/lot/2.png", 0, "good");
    has(set, "test/ng/3.png", 1, "ng");
    has(set, "test/scratch/4.png", 1, "scratch");
    has(set, "test/scratch/deep/5.png", 1, "scratch");
    has(set, "test/bad/6.png", 1, "bad");
    has(set, "test/bad/one.png", 1, "bad");
    heard(set, "skipped files that are not images: 1, the first: notes.txt");
    heard(set, "defective pictures for the test: 5; kinds of defects: 3");
}

static void equal_names_are_numbered(void **state) {
    scene *set = *state;
    put(set, "a/1.png");
    put(set, "b/1.png");
    put(set, "c/1.png");
    open_set(set, list_of(set, "good=%/b|good=%/a|good=%/c|good=%/a"), TRAIN);
    counts(set, 3, 0, 0);
    assert_non_null(strstr(find(set, "train/good/1.png")->path, "/a/1.png"));
    assert_non_null(strstr(find(set, "train/good/2/1.png")->path, "/b/1.png"));
    assert_non_null(strstr(find(set, "train/good/3/1.png")->path, "/c/1.png"));
}

static void the_inner_folder_counts(void **state) {
    scene *set = *state;
    put(set, "parts/1.png");
    put(set, "parts/ng/2.png");
    put(set, "parts/ng/fine/3.png");
    put(set, "parts/ngx/4.png");
    open_set(set, list_of(set, "good=%/parts|bad=%/parts/ng|good=%/parts/ng/fine"), TRAIN | TEST);
    counts(set, 3, 0, 1);
    has(set, "train/good/3.png", 0, "good");
    has(set, "train/good/ngx/4.png", 0, "good");
    has(set, "test/ng/2.png", 1, "ng");
    open_set(set, list_of(set, "good=%/parts|bad=%/parts/1.png"), TRAIN | TEST);
    counts(set, 3, 0, 1);
    fails(set, list_of(set, "good=%/parts|bad=%/parts/"), TRAIN, "is named as good and as bad");
}

static void damaged_lists(void **state) {
    scene *set = *state;
    put(set, "ok/1.png");
    put(set, "empty/notes.txt");
    fails(set, list_of(set, "good=%/ok|"), TRAIN, "\"\": expected good=DIR or bad=DIR");
    fails(set, list_of(set, "good=%/ok|%/x"), TRAIN, "expected good=DIR or bad=DIR");
    fails(set, "good=", TRAIN, "expected good=DIR or bad=DIR");
    fails(set, list_of(set, "good=%/ok|bad="), TRAIN, "expected good=DIR or bad=DIR");
    fails(set, list_of(set, "good=%/empty"), TRAIN, "holds no good pictures");
    fails(set, list_of(set, "good=%/ok"), TEST, "has no pictures to test with");
}

/* ---- What is recognised -----------------------------------------------------------------------
 */

static void folders_by_their_names(void **state) {
    scene *set = *state;
    static const char *const names[][2] = {
        {"OK", "NG"}, {"Normal", "Abnormal"}, {"good", "BAD"}, {"ok", "defects"}};
    char name[64], root[1100];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "set%zu/%s/1.png", i, names[i][0]);
        put(set, name);
        snprintf(name, sizeof name, "set%zu/%s/kind/2.png", i, names[i][1]);
        put(set, name);
        snprintf(name, sizeof name, "set%zu/roi/mask.png", i);
        put(set, name);
        snprintf(root, sizeof root, "%s/set%zu", set->root, i);
        open_set(set, root, TRAIN | TEST);
        counts(set, 1, 0, 1);
        has(set, "test/kind/2.png", 1, "kind");
        assert_non_null(set->dataset.roi_path);
    }
    dn_class_list classes;
    dn_error error = {0};
    assert_ok(dn_class_list_create(set->root, &classes, &error));
    assert_int_equal(classes.count, 4);
    assert_string_equal(classes.names[3], "set3");
    dn_class_list_free(&classes);
}

static void pictures_alone_are_good(void **state) {
    scene *set = *state;
    dn_class_list classes;
    dn_error error = {0};
    put_many(set, ".", 0, 55);
    put(set, "roi/mask.png");
    put(set, "notes.txt");
    open_set(set, set->root, TRAIN | TEST);
    counts(set, 44, 11, 0);
    assert_ok(dn_class_list_create(set->root, &classes, &error));
    assert_int_equal(classes.count, 1);
    assert_string_equal(classes.names[0], "");
    dn_class_list_free(&classes);
    put(set, "NG/dent/1.png");
    open_set(set, set->root, TRAIN | TEST);
    counts(set, 44, 11, 1);
}

static void unknown_layouts_get_a_command(void **state) {
    scene *set = *state;
    char expected[2048];
    put_many(set, "fine", 0, 3);
    put(set, "torn off/1.png");
    put(set, "torn off/2.png");
    snprintf(
        expected, sizeof expected,
        "%s: is not a data set in a known layout; it holds pictures: 0, fine/ (pictures: 3), torn "
        "off/ (pictures: 2); name the good and the defective pictures, for example: differnet "
        "train --good %s/fine --bad '%s/torn off'",
        set->root, set->root, set->root);
    fails(set, set->root, TRAIN, expected);
    put(set, "ok/1.png");
    snprintf(expected, sizeof expected, "train --bad %s/fine --good %s/ok --bad '%s/torn off'",
             set->root, set->root, set->root);
    fails(set, set->root, TRAIN, expected);
    for (char name[] = "a/x/1.png"; name[0] <= 'k'; name[0]++)
        put(set, name);
    fails(set, set->root, TRAIN, "a/ (pictures: 0, folders: 1)");
    fails(set, set->root, TRAIN, "and more folders: 8; name the good");
}

/* ---- Titles -----------------------------------------------------------------------------------
 */

static void titles(void **state) {
    scene *set = *state;
    char title[256];
    put(set, "screws/OK/1.png");
    const char *const cases[][2] = {{"good=%/screws/OK|bad=%/x", "screws"},
                                    {"good=%/screws/OK/1.png", "screws"},
                                    {"good=%/screws/", "screws"},
                                    {"good=gone/nuts/good", "nuts"},
                                    {"data/mvtec//", "mvtec"},
                                    {"lists/bolts.csv", "bolts"},
                                    {".", "dataset"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_dataset_title(list_of(set, cases[i][0]), title, sizeof title);
        assert_string_equal(title, cases[i][1]);
    }
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, build, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(holds_out_a_fifth),
        SCENE(holds_out_the_same),
        SCENE(folders_below_bad_are_kinds),
        SCENE(equal_names_are_numbered),
        SCENE(the_inner_folder_counts),
        SCENE(damaged_lists),
        SCENE(folders_by_their_names),
        SCENE(pictures_alone_are_good),
        SCENE(unknown_layouts_get_a_command),
        SCENE(titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
