/* MVTec's folder layout: what is found, what is skipped, and what is said about it. */
#include "dataset_scene.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_folder(const scene *set, const char *name) {
    char file[1024];
    snprintf(file, sizeof file, "%s/x", name);
    unlink(put_file(set->root, file, "", 0));
}

static void link_to(const scene *set, const char *target, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", set->root, name);
    assert_int_equal(symlink(target, path), 0);
}

static void open_class(scene *set, const char *class_name, unsigned wanted) {
    if (dn_dataset_open(set->root, class_name, wanted, &set->observer, &set->dataset,
                        &set->error) != DN_OK)
        fail_msg("%s", set->error.message);
}

static void fails(scene *set, const char *class_name, unsigned wanted, dn_status status,
                  const char *part) {
    dn_error error;
    assert_fails(
        dn_dataset_open(set->root, class_name, wanted, &set->observer, &set->dataset, &error),
        status, part);
    assert_null(set->dataset.samples);
    assert_int_equal(set->dataset.count, 0);
    set->error = error;
}

static void error_holds(const scene *set, const char *part) {
    if (!strstr(set->error.message, part))
        fail_msg("\"%s\" is not in the message: %s", part, set->error.message);
}

/* Sample `index` of a split. */
static void holds(const scene *set, dn_split split, size_t index, const char *name, int label,
                  const char *defect) {
    size_t place = set->dataset.begin[split] + index;
    assert_true(place < set->dataset.begin[split + 1]);
    const dn_sample *sample = &set->dataset.samples[place];
    assert_string_equal(sample->name, name);
    assert_int_equal(sample->label, label);
    assert_string_equal(sample->defect, defect);
    assert_int_equal(sample->split, split);
    assert_int_equal(access(sample->path, R_OK), 0);
}

static void counts(const scene *set, size_t train, size_t validate, size_t test) {
    const size_t *begin = set->dataset.begin;
    assert_int_equal(begin[0], 0);
    assert_int_equal(begin[1] - begin[0], train);
    assert_int_equal(begin[2] - begin[1], validate);
    assert_int_equal(begin[3] - begin[2], test);
    assert_int_equal(begin[3], set->dataset.count);
}

/* ---- What is found --------------------------------------------------------------------------- */

static void whole_layout(void **state) {
    scene *set = *state;
    put(set, "c/train/good/b.png");
    put(set, "c/train/good/a.png");
    put(set, "c/test/scratch/1.png");
    put(set, "c/test/good/2.png");
    put(set, "c/test/crack/1.png");
    put(set, "c/validate/good/3.png");
    put(set, "c/validate/crack/4.png");
    put(set, "other/train/good/x.png");
    open_class(set, "c", TRAIN | VALIDATE | TEST);
    counts(set, 2, 2, 3);
    holds(set, DN_SPLIT_TRAIN, 0, "train/good/a.png", 0, "good");
    holds(set, DN_SPLIT_TRAIN, 1, "train/good/b.png", 0, "good");
    holds(set, DN_SPLIT_VALIDATE, 0, "validate/crack/4.png", 1, "crack");
    holds(set, DN_SPLIT_VALIDATE, 1, "validate/good/3.png", 0, "good");
    holds(set, DN_SPLIT_TEST, 0, "test/crack/1.png", 1, "crack");
    holds(set, DN_SPLIT_TEST, 1, "test/good/2.png", 0, "good");
    holds(set, DN_SPLIT_TEST, 2, "test/scratch/1.png", 1, "scratch");
    assert_int_equal(set->dataset.good[DN_SPLIT_TRAIN], 2);
    assert_int_equal(set->dataset.good[DN_SPLIT_VALIDATE], 1);
    assert_int_equal(set->dataset.good[DN_SPLIT_TEST], 1);
    assert_string_equal(set->messages, "");
}

static void only_wanted_splits(void **state) {
    scene *set = *state;
    put(set, "c/test/good/1.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 1);
    dn_dataset_close(&set->dataset);
    put(set, "c/train/good/1.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 1);
    dn_dataset_close(&set->dataset);
    open_class(set, "c", TRAIN);
    counts(set, 1, 0, 0);
}

static void empty_class_name_is_the_root(void **state) {
    scene *set = *state;
    char with_slashes[64];
    put(set, "train/good/1.png");
    open_class(set, "", TRAIN);
    holds(set, DN_SPLIT_TRAIN, 0, "train/good/1.png", 0, "good");
    dn_dataset_close(&set->dataset);
    snprintf(with_slashes, sizeof with_slashes, "%s//", set->root);
    dn_error error = {0};
    assert_ok(dn_dataset_open(with_slashes, "", TRAIN, NULL, &set->dataset, &error));
    assert_string_equal(set->dataset.samples[0].name, "train/good/1.png");
}

/* The original numbers the entries of test/ and shifts all labels when a file lies among them. */
static void stray_file_shifts_no_label(void **state) {
    scene *set = *state;
    put(set, "c/test/Thumbs.db");
    put(set, "c/test/a.png");
    put(set, "c/test/apple/1.png");
    put(set, "c/test/good/1.png");
    put(set, "c/test/hole/1.png");
    put(set, "c/test/notes.txt");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 3);
    holds(set, DN_SPLIT_TEST, 0, "test/apple/1.png", 1, "apple");
    holds(set, DN_SPLIT_TEST, 1, "test/good/1.png", 0, "good");
    holds(set, DN_SPLIT_TEST, 2, "test/hole/1.png", 1, "hole");
    assert_int_equal(set->dataset.stray, 3);
    assert_int_equal(set->warnings, 2);
    heard(set, "files that are not images in test/: 2, the first: test/Thumbs.db");
    heard(set, "no label: 1, the first: test/a.png");
}

static void validation_is_a_synonym(void **state) {
    scene *set = *state;
    put(set, "c/validation/good/1.png");
    open_class(set, "c", VALIDATE | TEST);
    counts(set, 0, 1, 0);
    holds(set, DN_SPLIT_VALIDATE, 0, "validation/good/1.png", 0, "good");
    dn_dataset_close(&set->dataset);
    put(set, "c/validate/good/1.png");
    open_class(set, "c", VALIDATE);
    counts(set, 0, 2, 0);
    heard(set, "reads both validate/ and validation/");
}

static void ok_is_a_synonym(void **state) {
    scene *set = *state;
    put(set, "c/train/ok/1.png");
    put(set, "c/train/good/1.png");
    put(set, "c/test/OK/1.png");
    put(set, "c/test/ok_not/1.png");
    open_class(set, "c", TRAIN | TEST);
    counts(set, 2, 0, 2);
    holds(set, DN_SPLIT_TRAIN, 1, "train/ok/1.png", 0, "good");
    holds(set, DN_SPLIT_TEST, 0, "test/OK/1.png", 0, "good");
    holds(set, DN_SPLIT_TEST, 1, "test/ok_not/1.png", 1, "ok_not");
    assert_int_equal(set->warnings, 0);
}

static void train_uses_good_alone(void **state) {
    scene *set = *state;
    put(set, "c/train/good/1.png");
    put(set, "c/train/crack/2.png");
    put(set, "c/train/crack/3.png");
    open_class(set, "c", TRAIN);
    counts(set, 1, 0, 0);
    assert_int_equal(set->dataset.stray, 0);
    heard(set, "outside train/good/, which training does not use: 2, the first: train/crack/2.png");
}

static void all_extensions_in_any_case(void **state) {
    scene *set = *state;
    static const char *const names[] = {"a.BMP", "b.JPEG", "c.Jpg",  "d.pgm", "e.PNG",
                                        "f.ppm", "g.TIF",  "h.tiff", "i.webp"};
    char path[64];
    for (int i = 0; i < 9; i++) {
        snprintf(path, sizeof path, "c/train/good/%s", names[i]);
        put(set, path);
    }
    put(set, "c/train/good/j.gif");
    put(set, "c/train/good/k.png.txt");
    put(set, "c/train/good/png");
    open_class(set, "c", TRAIN);
    counts(set, 9, 0, 0);
    for (int i = 0; i < 9; i++) {
        snprintf(path, sizeof path, "train/good/%s", names[i]);
        holds(set, DN_SPLIT_TRAIN, (size_t)i, path, 0, "good");
    }
    assert_int_equal(set->dataset.stray, 3);
    heard(set, "the first: train/good/j.gif");
}

static void image_names(void **state) {
    (void)state;
    static const char *const images[] = {"a.png", "a.b.JPG", "x/y.webp", " .tif"};
    static const char *const others[] = {"",          "png",     ".png",    "a.",
                                         "a.pn",      "a.pngs",  "a.png/b", "a.png ",
                                         "a.jpg png", "a.tiff2", "a. png"};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        if (!dn_is_image_name(images[i]))
            fail_msg("\"%s\" is an image's name", images[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (dn_is_image_name(others[i]))
            fail_msg("\"%s\" is no image's name", others[i]);
}

static void folders_of_other_programs_are_counted(void **state) {
    scene *set = *state;
    put(set, "c/test/good/1.png");
    put(set, "c/test/good/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg");
    put(set, "c/test/good/1.png_map.png");
    put(set, "c/test/maps/.differnet-results");
    put(set, "c/test/maps/good/1.png_overlay.png");
    put(set, "c/test/__MACOSX/good/._1.png");
    put(set, "c/test/#Recycle/2.png");
    put(set, "c/test/.thumbnails/1.png");
    put(set, "c/test/good/eaDir/2.png");
    open_class(set, "c", TEST);
    assert_int_equal(set->dataset.count, 2);
    assert_int_equal(set->dataset.hidden, 4);
    heard(set, "skipped folders of other programs (@eaDir, __MACOSX and the like) in test/: 3");
    heard(set, "skipped results of differnet (maps, overlays, results folders) in test/: 2");
}

static void hidden_are_counted(void **state) {
    scene *set = *state;
    put(set, "c/test/.DS_Store");
    put(set, "c/test/good/.hidden.png");
    put(set, "c/test/good/1.png");
    put(set, "c/test/.cache/2.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 1);
    assert_int_equal(set->dataset.hidden, 3);
    assert_int_equal(set->dataset.stray, 0);
    assert_int_equal(set->warnings, 0);
    heard(set, "hidden files and folders in test/: 3");
}

static void subfolders_are_walked(void **state) {
    scene *set = *state;
    put(set, "c/test/crack/lot 1/cam/b.png");
    put(set, "c/test/crack/lot 1/a.png");
    put(set, "c/test/crack/c.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 3);
    holds(set, DN_SPLIT_TEST, 0, "test/crack/c.png", 1, "crack");
    holds(set, DN_SPLIT_TEST, 1, "test/crack/lot 1/a.png", 1, "crack");
    holds(set, DN_SPLIT_TEST, 2, "test/crack/lot 1/cam/b.png", 1, "crack");
}

static void odd_names_are_bytes(void **state) {
    scene *set = *state;
    put(set, "c/test/a \"quoted\"/line\nbreak.png");
    put(set, "c/test/\xFF\xFE/%s%n.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 2);
    holds(set, DN_SPLIT_TEST, 0, "test/a \"quoted\"/line\nbreak.png", 1, "a \"quoted\"");
    holds(set, DN_SPLIT_TEST, 1, "test/\xFF\xFE/%s%n.png", 1, "\xFF\xFE");
}

static void masks(void **state) {
    scene *set = *state;
    static const char *const expected[] = {"c/ground_truth/crack/1_mask.png",
                                           "c/ground_truth/crack/2.png",
                                           "c/ground_truth/crack/lot/3_mask.png",
                                           "c/ground_truth/crack/4_mask.png",
                                           NULL,
                                           NULL};
    char path[1024];
    put(set, "c/test/crack/1.jpg");
    put(set, "c/test/crack/2.png");
    put(set, "c/test/crack/lot/3.png");
    put(set, "c/test/crack/lot/4.png");
    put(set, "c/test/crack/none.png");
    put(set, "c/test/good/1.png");
    put(set, "c/ground_truth/good/1_mask.png");
    put(set, "c/ground_truth/crack/1.png");
    for (int i = 0; i < 4; i++)
        put(set, expected[i]);
    open_class(set, "c", TEST);
    counts(set, 0, 0, 6);
    for (int i = 0; i < 6; i++) {
        const char *mask = set->dataset.samples[i].mask_path;
        snprintf(path, sizeof path, "%s/%s", set->root, expected[i] ? expected[i] : "");
        if (expected[i])
            assert_string_equal(mask, path);
        else
            assert_null(mask);
    }
}

static void one_kind_alone_is_fine(void **state) {
    scene *set = *state;
    put(set, "good_only/test/good/1.png");
    put(set, "defects_only/test/hole/1.png");
    put_folder(set, "defects_only/test/good");
    open_class(set, "good_only", TEST);
    counts(set, 0, 0, 1);
    dn_dataset_close(&set->dataset);
    open_class(set, "defects_only", TEST | VALIDATE);
    counts(set, 0, 0, 1);
    assert_int_equal(set->dataset.good[DN_SPLIT_TEST], 0);
}

/* ---- Links ----------------------------------------------------------------------------------- */

static void links_are_followed(void **state) {
    scene *set = *state;
    put(set, "store/1.png");
    put_folder(set, "c/train");
    link_to(set, "../../store", "c/train/good");
    link_to(set, "1.png", "store/2.png");
    open_class(set, "c", TRAIN);
    counts(set, 2, 0, 0);
}

static void loops_end(void **state) {
    scene *set = *state;
    put(set, "c/test/good/deep/1.png");
    link_to(set, "..", "c/test/good/deep/up");
    link_to(set, "../../..", "c/test/good/class");
    link_to(set, "itself.png", "c/test/good/itself.png");
    link_to(set, "nowhere.png", "c/test/good/dangling.png");
    open_class(set, "c", TEST);
    counts(set, 0, 0, 1);
    assert_int_equal(set->dataset.stray, 4);
    heard(set, "4, the first: test/good/class");
}

static void fifo_is_a_stray(void **state) {
    scene *set = *state;
    char path[1024];
    put(set, "c/test/good/1.png");
    snprintf(path, sizeof path, "%s/c/test/good/fifo.png", set->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    open_class(set, "c", TEST);
    counts(set, 0, 0, 1);
    assert_int_equal(set->dataset.stray, 1);
}

/* ---- What is missing ------------------------------------------------------------------------- */

static void no_root(void **state) {
    scene *set = *state;
    dn_error error;
    assert_fails(dn_dataset_open("/nonexistent/data", "c", TEST, NULL, &set->dataset, &error),
                 DN_ERROR_DATA, "/nonexistent/data: no such folder");
    assert_fails(dn_dataset_open("", "c", TEST, NULL, &set->dataset, &error), DN_ERROR_DATA,
                 "dataset_path is empty");
}

static void no_class(void **state) {
    scene *set = *state;
    static const char *const classes[] = {"g", "b", "a", "d", "f", "e"};
    char path[64], expected[1024];
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/train/good/1.png", classes[i]);
        put(set, path);
    }
    put(set, "readme.txt");
    fails(set, "tiles", TRAIN, DN_ERROR_DATA, "/tiles: no such folder");
    snprintf(expected, sizeof expected, "expected %s/tiles/train/good/*.png", set->root);
    error_holds(set, expected);
    snprintf(expected, sizeof expected, "classes found in %s: a, b, d, e, f, ... (", set->root);
    error_holds(set, expected);
}

static void root_is_the_class(void **state) {
    scene *set = *state;
    put(set, "train/good/1.png");
    put(set, "test/good/1.png");
    fails(set, "tiles", TRAIN, DN_ERROR_DATA, "holds test, train: if it is a class folder itself");
}

static void bad_class_names(void **state) {
    scene *set = *state;
    static const char *const names[] = {"a/b", "..", ".", "/etc", "../c"};
    put(set, "c/train/good/1.png");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fails(set, names[i], TRAIN, DN_ERROR_DATA, "class_name is \"");
    put(set, "a..b/train/good/1.png");
    open_class(set, "a..b", TRAIN);
}

static void no_train(void **state) {
    scene *set = *state;
    put(set, "c/test/good/1.png");
    fails(set, "c", TRAIN | TEST, DN_ERROR_DATA, "c/train: no such folder; expected images in");
    error_holds(set, "train/good/; folders found in");
    error_holds(set, "/c: test");
}

static void no_good_images(void **state) {
    scene *set = *state;
    put(set, "c/train/1.png");
    put(set, "c/train/notes.txt");
    put(set, "c/train/crack/1.png");
    put_folder(set, "c/train/good");
    fails(set, "c", TRAIN, DN_ERROR_DATA,
          "c/train: no images to use; expected some in train/good/");
    error_holds(set, "jpg jpeg png");
    error_holds(set, "folders found in it: crack, good; files skipped: 2");
    heard(set, "no label: 1, the first: train/1.png");
}

static void no_test(void **state) {
    scene *set = *state;
    put(set, "c/train/good/1.png");
    fails(set, "c", TEST | VALIDATE, DN_ERROR_DATA, "c/test: no such folder");
    put_folder(set, "c/test/good");
    fails(set, "c", TEST | VALIDATE, DN_ERROR_DATA, "c/test: no images to use");
    open_class(set, "c", VALIDATE);
    counts(set, 0, 0, 0);
    dn_dataset_close(&set->dataset);
    put(set, "c/validate/good/1.png");
    open_class(set, "c", TEST | VALIDATE);
    counts(set, 0, 1, 0);
    dn_dataset_close(&set->dataset);
    fails(set, "c", TEST, DN_ERROR_DATA, "c/test: no images to use");
}

static void too_deep(void **state) {
    scene *set = *state;
    char path[1024] = "c/test/good";
    for (int i = 0; i < 40; i++)
        strcat(path, "/d");
    strcat(path, "/1.png");
    put(set, path);
    fails(set, "c", TEST, DN_ERROR_DATA, "nested deeper than 32");
}

static void too_long(void **state) {
    scene *set = *state;
    char name[201];
    memset(name, 'n', sizeof name - 1);
    name[200] = '\0';
    put(set, "c/test/good/1.png");
    char folder[256];
    snprintf(folder, sizeof folder, "%s/c/test/good", set->root);
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 25; i++) {
        assert_int_equal(mkdirat(at, name, 0777), 0);
        int below = openat(at, name, O_RDONLY | O_DIRECTORY);
        close(at);
        at = below;
    }
    close(at);
    fails(set, "c", TEST, DN_ERROR_IO, "the path is longer than 4095 bytes");
    /* nftw cannot reach what is that deep. */
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

/* Root may read everything, so it steps down for the call. */
static void unreadable_folder(void **state) {
    scene *set = *state;
    char path[1024];
    put(set, "c/test/good/1.png");
    put(set, "c/test/good/locked/2.png");
    snprintf(path, sizeof path, "%s/c/test/good/locked", set->root);
    assert_int_equal(chmod(set->root, 0755), 0);
    assert_int_equal(chmod(path, 0), 0);
    int root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    dn_error error = {0};
    dn_status status = dn_dataset_open(set->root, "c", TEST, &set->observer, &set->dataset, &error);
    if (root)
        assert_int_equal(seteuid(0), 0);
    chmod(path, 0755);
    assert_int_equal(status, DN_ERROR_IO);
    assert_non_null(strstr(error.message, "test/good/locked: cannot open the folder: Permission"));
}

/* ---- Fingerprint ----------------------------------------------------------------------------- */

static void fingerprint(scene *set, dn_split split, char digest[65]) {
    dn_error error = {0};
    assert_ok(dn_dataset_fingerprint(&set->dataset, split, digest, &error));
    assert_int_equal(strlen(digest), 64);
}

static void fingerprint_tells_changes(void **state) {
    scene *set = *state;
    char first[65], other[65];
    put(set, "c/train/good/1.png");
    put_file(set->root, "c/train/good/2.png", "", 0);
    open_class(set, "c", TRAIN);
    fingerprint(set, DN_SPLIT_TRAIN, first);
    fingerprint(set, DN_SPLIT_TRAIN, other);
    assert_string_equal(first, other);
    fingerprint(set, DN_SPLIT_TEST, other);
    assert_string_not_equal(first, other);
    put_file(set->root, "c/train/good/2.png", "x", 1);
    fingerprint(set, DN_SPLIT_TRAIN, other);
    assert_string_not_equal(first, other);
    put_file(set->root, "c/train/good/2.png", "", 0);
    fingerprint(set, DN_SPLIT_TRAIN, other);
    assert_string_equal(first, other);
    char from[1024], to[1024];
    snprintf(from, sizeof from, "%s/c/train/good/2.png", set->root);
    snprintf(to, sizeof to, "%s/c/train/good/3.png", set->root);
    assert_int_equal(rename(from, to), 0);
    dn_error error;
    assert_fails(dn_dataset_fingerprint(&set->dataset, DN_SPLIT_TRAIN, other, &error), DN_ERROR_IO,
                 "train/good/2.png: cannot open");
    assert_string_equal(other, "");
    dn_dataset_close(&set->dataset);
    open_class(set, "c", TRAIN);
    fingerprint(set, DN_SPLIT_TRAIN, other);
    assert_string_not_equal(first, other);
}

/* The same files at another place: the same fingerprint. */
static void fingerprint_knows_no_place(void **state) {
    scene *set = *state;
    char first[65], other[65];
    put_file(set->root, "c/train/good/1.png", "same", 4);
    put_file(set->root, "elsewhere/train/good/1.png", "same", 4);
    open_class(set, "c", TRAIN);
    fingerprint(set, DN_SPLIT_TRAIN, first);
    dn_dataset_close(&set->dataset);
    open_class(set, "elsewhere", TRAIN);
    fingerprint(set, DN_SPLIT_TRAIN, other);
    assert_string_equal(first, other);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, build, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(whole_layout),
        SCENE(only_wanted_splits),
        SCENE(empty_class_name_is_the_root),
        SCENE(stray_file_shifts_no_label),
        SCENE(validation_is_a_synonym),
        SCENE(ok_is_a_synonym),
        SCENE(train_uses_good_alone),
        SCENE(all_extensions_in_any_case),
        cmocka_unit_test(image_names),
        SCENE(hidden_are_counted),
        SCENE(folders_of_other_programs_are_counted),
        SCENE(subfolders_are_walked),
        SCENE(odd_names_are_bytes),
        SCENE(masks),
        SCENE(one_kind_alone_is_fine),
        SCENE(links_are_followed),
        SCENE(loops_end),
        SCENE(fifo_is_a_stray),
        SCENE(no_root),
        SCENE(no_class),
        SCENE(root_is_the_class),
        SCENE(bad_class_names),
        SCENE(no_train),
        SCENE(no_good_images),
        SCENE(no_test),
        SCENE(too_deep),
        SCENE(too_long),
        SCENE(unreadable_folder),
        SCENE(fingerprint_tells_changes),
        SCENE(fingerprint_knows_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
