/* Looking a data set over: every rule on a set that breaks it, and a sound set that breaks none. */
#include "check/check.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scene {
    char *root;
    dn_config *config;
    dn_check_report report;
    dn_error error;
} scene;

static int build(void **state) {
    scene *set = calloc(1, sizeof *set);
    set->root = temporary_create();
    dn_error error = {0};
    assert_ok(dn_config_create(&set->config, &error));
    assert_ok(dn_config_set(set->config, "img_size", "[64, 64]", &error));
    *state = set;
    return 0;
}

static int clear(void **state) {
    scene *set = *state;
    dn_check_free(&set->report);
    dn_config_destroy(set->config);
    temporary_remove(set->root);
    free(set);
    return 0;
}

/* A grey picture of its own: `level`, with a stripe whose place is `seed`. */
static void put_grey(const scene *set, const char *name, int width, int height, int level,
                     int seed) {
    char file[64 + 64 * 64];
    int length = snprintf(file, 64, "P5 %d %d 255\n", width, height);
    memset(file + length, level, (size_t)(width * height));
    for (int y = 0; y < height; y++)
        file[length + y * width + seed % width] = (char)(level + 1 + seed / width);
    put_file(set->root, name, file, (size_t)(length + width * height));
}

/* `count` different good images in a folder, from seed `first` on. */
static void put_good(const scene *set, const char *folder, int count, int first) {
    for (int i = 0; i < count; i++) {
        char name[512];
        snprintf(name, sizeof name, "%.400s/%03d.png", folder, i);
        put_grey(set, name, 16, 16, 100, first + i);
    }
}

static void put_sound_class(const scene *set, const char *class_name) {
    char folder[256];
    snprintf(folder, sizeof folder, "%s/train/good", class_name);
    put_good(set, folder, 16, 0);
    snprintf(folder, sizeof folder, "%s/test/good", class_name);
    put_good(set, folder, 2, 20);
    snprintf(folder, sizeof folder, "%s/test/crack", class_name);
    put_good(set, folder, 2, 24);
}

static dn_status run(scene *set, const char *root, const char *class_name,
                     const dn_observer *observer, dn_error *failure) {
    dn_error error = {0};
    assert_ok(dn_config_set(set->config, "dataset_path", root, &error));
    assert_ok(dn_config_set(set->config, "threads", "2", &error));
    return dn_check_run(set->config, class_name, NULL, observer, &set->report, failure);
}

static void check(scene *set, const char *class_name) {
    dn_check_free(&set->report);
    if (run(set, set->root, class_name, NULL, &set->error) != DN_OK)
        fail_msg("%s", set->error.message);
}

/* The only finding of a rule in the first class, or a failed test. */
static const dn_finding *finding(const scene *set, const char *rule) {
    const dn_checked_class *class = &set->report.classes[0];
    for (size_t i = 0; i < class->finding_count; i++)
        if (strcmp(class->findings[i].rule->name, rule) == 0)
            return &class->findings[i];
    fail_msg("no finding \"%s\" among %zu", rule, class->finding_count);
    return NULL;
}

static void assert_file(const dn_finding *found, size_t index, const char *name,
                        const char *detail) {
    assert_in_range(found->count, index + 1, SIZE_MAX);
    assert_string_equal(found->files[index].name, name);
    if (detail)
        assert_non_null(strstr(found->files[index].detail, detail));
}

static void assert_findings(const scene *set, size_t to_fix, size_t to_look_at) {
    if (set->report.to_fix == to_fix && set->report.to_look_at == to_look_at)
        return;
    for (size_t i = 0; i < set->report.classes[0].finding_count; i++)
        print_message("%s: %s\n", set->report.classes[0].findings[i].rule->name,
                      set->report.classes[0].findings[i].about);
    fail_msg("%zu to mend, %zu to look at", set->report.to_fix, set->report.to_look_at);
}

static void test_sound_set(void **state) {
    scene *set = *state;
    put_sound_class(set, "a");
    put_sound_class(set, "b");
    check(set, NULL);
    assert_int_equal(set->report.count, 2);
    assert_findings(set, 0, 0);
    const dn_checked_class *class = &set->report.classes[1];
    assert_string_equal(class->name, "b");
    assert_int_equal(class->images, 20);
    assert_int_equal(class->good[DN_SPLIT_TRAIN], 16);
    assert_int_equal(class->good[DN_SPLIT_TEST], 2);
    assert_int_equal(class->defective[DN_SPLIT_TEST], 2);
    assert_int_equal(class->folder_count, 3);
    assert_string_equal(class->folders[1].defect, "crack");
    assert_int_equal(class->folders[1].images, 2);
    assert_int_equal(class->size_count, 1);
    assert_int_equal(class->sizes[0].count, 20);
    assert_string_equal(class->kinds[0].kind.format, "PNM");
    assert_string_equal(class->kinds[0].kind.mode, "grey");
    assert_true(class->has_spreads);
}

static void test_classes(void **state) {
    scene *set = *state;
    dn_error error;
    assert_fails(run(set, set->root, NULL, NULL, &error), DN_ERROR_DATA,
                 "is not a data set in a known layout");
    assert_fails(run(set, "/nowhere", NULL, NULL, &error), DN_ERROR_IO, "/nowhere");
    put_sound_class(set, "b");
    put_sound_class(set, "a");
    put_file(set->root, "notes/x.txt", "x", 1);
    check(set, NULL);
    assert_int_equal(set->report.count, 2);
    check(set, "b");
    assert_int_equal(set->report.count, 1);
    assert_string_equal(set->report.classes[0].name, "b");
    dn_check_free(&set->report);
    assert_fails(run(set, set->root, "c", NULL, &error), DN_ERROR_DATA, "classes found");
    chdir(set->root);
    dn_check_free(&set->report);
    assert_ok(run(set, "a", NULL, NULL, &error));
    assert_int_equal(set->report.classes[0].images, 20);
    chdir("/");
}

static void test_unreadable(void **state) {
    scene *set = *state;
    char path[512];
    put_sound_class(set, "a");
    put_file(set->root, "a/train/good/zz <b>\"\n\xff.png", "no image", 8);
    put_file(set->root, "a/test/crack/empty.jpg", "", 0);
    snprintf(path, sizeof path, "%s/a/test/good/pipe.png", set->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/a/test/loop", set->root);
    assert_int_equal(symlink("..", path), 0);
    check(set, NULL);
    const dn_finding *found = finding(set, "unreadable");
    assert_int_equal(found->count, 2);
    assert_file(found, 0, "train/good/zz <b>\"\n\xff.png", "is not an image");
    assert_file(found, 1, "test/crack/empty.jpg", "the file is empty");
    assert_int_equal(set->report.classes[0].folders[1].unreadable, 1);
    /* Pipe and loop are no images: passed over, and said so. */
    assert_non_null(strstr(finding(set, "passed_over")->about, "test/"));
    assert_findings(set, 1, 1);
}

static void test_counts(void **state) {
    scene *set = *state;
    put_file(set->root, "empty/train/good/notes.txt", "x", 1);
    check(set, "empty");
    finding(set, "no_train_good");
    finding(set, "no_test");
    put_good(set, "few/train/good", 3, 0);
    put_good(set, "few/test/good", 3, 100);
    check(set, "few");
    finding(set, "few_train_good");
    finding(set, "no_test_defect");
    assert_false(set->report.classes[0].has_spreads);
    assert_findings(set, 0, 2);
    put_good(set, "one/train/good", 16, 0);
    put_good(set, "one/test/crack", 3, 100);
    check(set, "one");
    finding(set, "no_test_good");
}

/* The same pixels in another container are the same image. */
static void test_duplicates(void **state) {
    scene *set = *state;
    put_sound_class(set, "a");
    put_grey(set, "a/train/good/copy.png", 16, 16, 100, 3);
    put_grey(set, "a/test/good/leak.png", 16, 16, 100, 5);
    put_grey(set, "a/test/crack/doubt.png", 16, 16, 100, 20);
    put_file(set->root, "a/test/good/rgb.ppm", "P6 1 1 255\nAAA", 14);
    put_file(set->root, "a/test/good/rgb_again.pgm", "P5 1 1 255\nA", 12);
    check(set, "a");
    const dn_finding *found = finding(set, "duplicate");
    assert_int_equal(found->count, 2);
    finding(set, "shared");
    assert_file(finding(set, "shared"), 0, "test/good/leak.png", "train/good/005.png");
    found = finding(set, "two_labels");
    assert_int_equal(found->count, 1);
    assert_file(found, 0, "test/good/000.png", "the same as test/crack/doubt.png");
    assert_int_equal(set->report.to_fix, 2);
    assert_true(set->report.classes[0].findings[0].rule->fix); /* first */
}

static void test_masks(void **state) {
    scene *set = *state;
    put_sound_class(set, "a");
    put_grey(set, "a/test/crack/002.png", 16, 16, 100, 30);
    put_grey(set, "a/test/crack/003.png", 16, 16, 100, 31);
    put_grey(set, "a/test/crack/004.png", 16, 16, 100, 33);
    put_grey(set, "a/ground_truth/crack/000_mask.png", 16, 16, 255, 0);
    put_grey(set, "a/ground_truth/crack/001_mask.png", 16, 8, 255, 0);
    put_file(set->root, "a/ground_truth/crack/002_mask.png", "P5 16 16 255\n", 13);
    char black[13 + 256] = "P5 16 16 255\n";
    put_file(set->root, "a/ground_truth/crack/003.png", black, sizeof black);
    put_grey(set, "a/ground_truth/crack/009_mask.png", 16, 16, 255, 0);
    check(set, NULL);
    assert_file(finding(set, "mask_without_image"), 0, "ground_truth/crack/009_mask.png", NULL);
    assert_file(finding(set, "mask_size"), 0, "test/crack/001.png",
                "the mask is 16 x 8, the image 16 x 16");
    assert_file(finding(set, "mask_unreadable"), 0, "test/crack/002.png", "002_mask.png");
    assert_file(finding(set, "image_without_mask"), 0, "test/crack/004.png", NULL);
    assert_int_equal(finding(set, "image_without_mask")->count, 1);
    assert_file(finding(set, "mask_empty"), 0, "test/crack/003.png", NULL);
    assert_int_equal(set->report.classes[0].folders[1].masks, 4);
    /* 1 and 255 are as good as 0 and 255; a third value is not. */
    put_grey(set, "a/ground_truth/crack/004_mask.png", 16, 16, 100, 0);
    put_file(set->root, "a/ground_truth/crack/003.png", "P2 16 16 9 7", 12);
    check(set, NULL);
    const dn_finding *grey = finding(set, "mask_values");
    assert_int_equal(grey->count, 1);
    assert_file(grey, 0, "test/crack/004.png", "1 value(s) between 0 and the largest");
}

static void test_unlike(void **state) {
    scene *set = *state;
    put_sound_class(set, "a");
    put_grey(set, "a/train/good/dark.png", 16, 16, 20, 40);
    put_grey(set, "a/train/good/large.png", 48, 48, 100, 41);
    put_grey(set, "a/test/crack/dark.png", 16, 16, 20, 42); /* one of three: a defect may do that */
    check(set, NULL);
    size_t unlike = 0;
    const dn_checked_class *class = &set->report.classes[0];
    for (size_t i = 0; i < class->finding_count; i++)
        unlike += strcmp(class->findings[i].rule->name, "unlike") == 0;
    assert_int_equal(unlike, 2);
    const dn_finding *found = finding(set, "unlike");
    assert_string_equal(found->about, "size of 1 of 18 in train/good is outside 232 to 282 "
                                      "(train/good: median 256)");
    assert_file(found, 0, "train/good/large.png", "size 2304");
    assert_file(found + 1, 0, "train/good/dark.png", "brightness 20.");
    assert_findings(set, 0, 2);
    put_grey(set, "a/test/crack/000.png", 16, 16, 20, 43);
    check(set, NULL);
    assert_findings(set, 0, 3); /* two of three: another light */
}

static void test_manifest(void **state) {
    scene *set = *state;
    char path[512];
    const char *const lines = "image_path,label_index,split,mask_path\n"
                              "p/000.png,0,train,\np/001.png,0,test,\np/002.png,1,test,none.png\n"
                              "p/nowhere.png,0,test,\n";
    put_good(set, "p", 3, 0);
    put_file(set->root, "parts.csv", lines, strlen(lines));
    snprintf(path, sizeof path, "%s/parts.csv", set->root);
    dn_error error;
    assert_ok(run(set, path, NULL, NULL, &error));
    assert_int_equal(set->report.classes[0].images, 4);
    assert_file(finding(set, "unreadable"), 0, "p/nowhere.png", "cannot open");
    assert_file(finding(set, "mask_unreadable"), 0, "p/002.png", "none.png");
}

/* A grey picture in the region's folder, white in columns [left, right). */
static void put_roi(const scene *set, const char *name, int width, int height, int left,
                    int right) {
    char file[64 + 64 * 64];
    int length = snprintf(file, 64, "P5 %d %d 255\n", width, height);
    for (int i = 0; i < width * height; i++)
        file[length + i] = (char)(i % width >= left && i % width < right ? 255 : 0);
    put_file(set->root, name, file, (size_t)(length + width * height));
}

static void test_region_of_interest(void **state) {
    scene *set = *state;
    dn_error error = {0};
    char mask[512];
    put_sound_class(set, "a");
    put_roi(set, "a/roi/mask.pgm", 16, 16, 4, 12);
    check(set, NULL);
    assert_findings(set, 0, 0);
    assert_true(set->report.classes[0].roi_share == 0.5);
    put_roi(set, "a/roi/mask.pgm", 16, 16, 0, 0);
    check(set, NULL);
    assert_non_null(strstr(finding(set, "roi")->about, "contains no pixel that counts"));
    put_roi(set, "a/roi/mask.pgm", 16, 16, 0, 16);
    check(set, NULL);
    assert_findings(set, 0, 1);
    assert_non_null(strstr(finding(set, "roi_look")->about, "covers everything"));
    put_roi(set, "a/roi/mask.pgm", 32, 16, 0, 16);
    check(set, NULL);
    assert_findings(set, 0, 1);
    assert_non_null(
        strstr(finding(set, "roi_look")->about, "32 x 16; images of another shape: 20"));
    put_roi(set, "a/roi/other.pgm", 16, 16, 4, 12);
    check(set, NULL);
    assert_non_null(strstr(finding(set, "roi")->about, "2 images in roi/"));
    snprintf(mask, sizeof mask, "%s/a/roi/other.pgm", set->root);
    assert_ok(dn_config_set(set->config, "roi", mask, &error));
    check(set, NULL);
    assert_findings(set, 0, 0);
    assert_ok(dn_config_set(set->config, "roi", "none", &error));
    check(set, NULL);
    assert_findings(set, 0, 0);
    assert_true(set->report.classes[0].roi_share == 0);
    assert_ok(dn_config_set(set->config, "roi", "/nowhere.png", &error));
    check(set, NULL);
    assert_findings(set, 1, 0);
    assert_non_null(strstr(finding(set, "roi")->about, "/nowhere.png"));
}

static int stop_at_once(void *user, const dn_progress *progress) {
    (void)user;
    assert_int_equal(progress->stage, DN_STAGE_CHECK);
    return 1;
}

/* One row of `count` samples of 16 bits, `first` and on, and one of its own. */
static void put_deep(const scene *set, const char *name, unsigned largest, int first, int last) {
    uint8_t file[64 + 2 * 200];
    int length = snprintf((char *)file, 64, "P5 200 1 %u\n", largest);
    for (int i = 0; i < 200; i++) {
        int value = i == 199 ? last : first + 5 * i;
        file[length++] = (uint8_t)(value >> 8);
        file[length++] = (uint8_t)value;
    }
    put_file(set->root, name, file, (size_t)length);
}

static void test_depths(void **state) {
    scene *set = *state;
    for (int i = 0; i < 16; i++) {
        char name[128];
        snprintf(name, sizeof name, "a/train/good/%02d.pgm", i);
        put_deep(set, name, 65535, 500, 500 + i);
    }
    put_deep(set, "a/test/good/usual.pgm", 65535, 500, 900);
    put_deep(set, "a/test/crack/bright.pgm", 65535, 500, 60000);
    check(set, NULL);
    const dn_levels_survey *levels = &set->report.classes[0].levels;
    assert_int_equal(levels->source, DN_LEVELS_FOUND);
    assert_true(levels->lowest == 500 && levels->highest == 1490 && levels->most_bits == 16);
    assert_true(levels->range.black > 390 && levels->range.white < 1600);
    const dn_finding *found = finding(set, "outside_levels");
    assert_int_equal(found->count, 1);
    assert_file(found, 0, "test/crack/bright.pgm", "0.5 % of its samples, which are 500 to 60000");
    put_grey(set, "a/test/good/shallow.pgm", 16, 16, 100, 1);
    put_deep(set, "a/test/good/twelve.pgm", 4095, 500, 901);
    check(set, NULL);
    assert_string_equal(finding(set, "depths")->about,
                        "1 of 8 bits a sample, 1 of 12 bits a sample, 18 of 16 bits a sample");
    dn_error error = {0};
    assert_ok(dn_config_set(set->config, "levels", "0:65535", &error));
    check(set, NULL);
    assert_int_equal(set->report.classes[0].levels.source, DN_LEVELS_GIVEN);
}

/* What is in a file and not read, or hardly a picture. */
static void test_odd_files(void **state) {
    scene *set = *state;
    static const char *const files[] = {"animated.png", "pages.tif", "turned.jpg"};
    put_sound_class(set, "a");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512], name[128];
        size_t size;
        snprintf(path, sizeof path, DN_FIXTURES "/image/%s", files[i]);
        char *bytes = get_file(path, &size);
        snprintf(name, sizeof name, "a/test/crack/%s", files[i]);
        put_file(set->root, name, bytes, size);
        free(bytes);
    }
    put_file(set->root, "a/test/crack/one.ppm", "P6 1 1 255\nABC", 14);
    put_file(set->root, "a/test/crack/line.ppm", "P6 2 1 255\nABCDEF", 17);
    check(set, NULL);
    const dn_finding *found = finding(set, "pages");
    assert_int_equal(found->count, 2);
    assert_file(found, 0, "test/crack/animated.png", NULL);
    assert_file(found, 1, "test/crack/pages.tif", NULL);
    found = finding(set, "orientation");
    assert_int_equal(found->count, 1);
    assert_file(found, 0, "test/crack/turned.jpg", "orientation 6");
    found = finding(set, "one_pixel");
    assert_int_equal(found->count, 2);
    assert_file(found, 1, "test/crack/one.ppm", "1 x 1");
}

/* Shown as usual is what most pictures are, never what none can be. */
static void test_usual_values(void **state) {
    scene *set = *state;
    for (int i = 0; i < 21; i++) {
        char name[128];
        snprintf(name, sizeof name, "a/train/good/%02d.png", i);
        put_grey(set, name, 16, 16, 5 + 12 * i, 3);
    }
    check(set, NULL);
    const dn_spread *brightness = &set->report.classes[0].spreads[DN_PROPERTY_BRIGHTNESS];
    assert_true(brightness->quantile_05 > 17 && brightness->quantile_05 < 18);
    assert_true(brightness->quantile_95 > 233 && brightness->quantile_95 < 234);
    assert_true(brightness->median > 125 && brightness->median < 126);
    assert_true(brightness->low == 0 && brightness->high == 255);
}

static void test_cancel(void **state) {
    scene *set = *state;
    dn_error error;
    const dn_observer observer = {.on_progress = stop_at_once};
    put_sound_class(set, "a");
    assert_fails(run(set, set->root, NULL, &observer, &error), DN_CANCELLED, "");
    assert_int_equal(set->report.count, 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, build, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(test_sound_set),
        SCENE(test_classes),
        SCENE(test_unreadable),
        SCENE(test_counts),
        SCENE(test_duplicates),
        SCENE(test_masks),
        SCENE(test_unlike),
        SCENE(test_manifest),
        SCENE(test_depths),
        SCENE(test_odd_files),
        SCENE(test_usual_values),
        SCENE(test_cancel),
        SCENE(test_region_of_interest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
