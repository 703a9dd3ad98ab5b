/* A model with a detector for places through the public functions: the same bytes however it is
 * computed, stopped and resumed, backends that agree, verdicts and regions that fit each other. */
#include "support/settings.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 64, TRAINED = 8, TESTED = 4 };

/* A square on grey; `dirt`: a bright patch in a corner. */
static void put_picture(const char *folder, const char *name, int number, int dirt) {
    uint8_t pixels[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int inside = abs(x - 30 - number % 3) < 14 && abs(y - 32 + number % 2) < 14;
            int dirty = dirt && x > 44 && y > 44;
            pixels[y * SIDE + x] =
                (uint8_t)(dirty ? 250 - 20 * (x % 3) : (inside ? 190 : 60) + number % 5);
        }
    put_image(folder, name, SIDE, SIDE, 1, pixels);
}

static void put_pictures(const char *folder, const char *directory, int count, int dirt) {
    for (int i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%02d.pgm", directory, i);
        put_picture(folder, name, i, dirt);
    }
}

typedef struct scene {
    char *folder;
    dn_config *config;
} scene;

static dn_error error;

static void set(dn_config *config, const char *key, const char *value) {
    assert_ok(dn_config_set(config, key, value, &error));
}

/* A small training of the pictures below `folder`. */
static dn_config *configure(const char *folder) {
    static const char *const small[][2] = {{"class_name", "part"},     {"img_size", "[64, 64]"},
                                           {"n_scales", "1"},          {"fc_internal", "16"},
                                           {"n_coupling_blocks", "1"}, {"n_transforms_test", "2"},
                                           {"n_transforms", "1"},      {"batch_size", "4"},
                                           {"meta_epochs", "1"},       {"sub_epochs", "1"},
                                           {"threads", "2"},           {"places", "gaussian"},
                                           {"score", "combined"},      {"false_reject_rate", "0.2"},
                                           {"review_rate", "0.4"},     {"checkpoint_share", "1"},
                                           {"estimate", "false"},      {"precision", "f32"}};
    return settings_create(folder, small, sizeof small / sizeof *small);
}

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    put_pictures(self->folder, "data/part/train/good", TRAINED, 0);
    put_pictures(self->folder, "data/part/test/good", TESTED, 0);
    put_pictures(self->folder, "data/part/test/dirt", TESTED, 1);
    self->config = configure(self->folder);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    dn_config_destroy(self->config);
    test_free(self);
    return 0;
}

/* ---- training ---- */

/* The model file of a training; free(). */
static char *read_model(const dn_train_summary *summary, size_t *size) {
    char path[1200];
    snprintf(path, sizeof path, "%s/model.safetensors", summary->results_directory);
    return get_file(path, size);
}

static void train(scene *self, dn_train_summary *summary) {
    *summary = (dn_train_summary)DN_INIT(dn_train_summary);
    assert_ok(dn_train(self->config, NULL, summary, NULL, &error));
}

static void assert_same_models(const dn_train_summary *first, const dn_train_summary *second) {
    size_t size, other;
    char *a = read_model(first, &size), *b = read_model(second, &other);
    assert_int_equal(size, other);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
}

static dn_model *open_with(const dn_train_summary *summary, const dn_model_options *wanted) {
    dn_model_options options = *wanted;
    dn_model *model;
    options.struct_size = sizeof options;
    assert_ok(dn_model_open(summary->results_directory, &options, &model, &error));
    return model;
}

typedef struct inspected {
    dn_result result;
    dn_map *map;
} inspected;

static inspected inspect(scene *self, dn_model *model, const char *name) {
    char path[512];
    inspected seen = {.result = DN_INIT(dn_result)};
    snprintf(path, sizeof path, "%s/data/part/%s", self->folder, name);
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    assert_ok(dn_model_score(model, &source, &seen.result, &seen.map, &error));
    return seen;
}

/* Largest difference of two maps, as a share of the first one's largest value. Without fmax, with
 * which gcc 12 for arm64 fails to compile the loop. */
static double difference_of(const dn_map *first, const dn_map *second) {
    int width, height;
    double difference = 0, largest = 0;
    const float *a = dn_map_values(first, &width, &height);
    const float *b = dn_map_values(second, &width, &height);
    for (int i = 0; i < width * height; i++) {
        double apart = fabs((double)a[i] - (double)b[i]);
        difference = apart > difference ? apart : difference;
        largest = (double)a[i] > largest ? (double)a[i] : largest;
    }
    return difference / largest;
}

static const char *const pictures[] = {"test/good/00.pgm", "test/good/03.pgm", "test/dirt/01.pgm"};
enum { PICTURES = sizeof pictures / sizeof *pictures };

/* How far two ways of computing are apart, as a share: of scores and of maps. */
static double apart(scene *self, dn_model *first, dn_model *second) {
    double largest = 0;
    for (int i = 0; i < PICTURES; i++) {
        inspected a = inspect(self, first, pictures[i]), b = inspect(self, second, pictures[i]);
        largest = fmax(largest, fabs(a.result.raw_score / b.result.raw_score - 1));
        largest = fmax(largest, fabs(a.result.places_score / b.result.places_score - 1));
        largest = fmax(largest, difference_of(a.map, b.map));
        dn_map_free(a.map);
        dn_map_free(b.map);
    }
    dn_model_close(first);
    dn_model_close(second);
    return largest;
}

static void threads_do_not_matter(void **state) {
    scene *self = *state;
    static const char *const precisions[] = {"f32", "bf16", "int8"};
    for (int i = 0; i < 3; i++) {
        dn_train_summary summary[2];
        set(self->config, "precision", precisions[i]);
        set(self->config, "threads", "1");
        train(self, &summary[0]);
        set(self->config, "threads", "2");
        train(self, &summary[1]);
        assert_same_models(&summary[0], &summary[1]);
        dn_model *one = open_with(&summary[0], &(dn_model_options){.threads = 1});
        dn_model *two = open_with(&summary[0], &(dn_model_options){.threads = 2});
        assert_true(apart(self, one, two) == 0);
    }
}

static void backends_agree(void **state) {
    scene *self = *state;
    dn_train_summary summary;
    train(self, &summary);
    static const char *const others[] = {"auto", "portable"};
    for (int i = 0; i < 2; i++) {
        dn_model *reference = open_with(&summary, &(dn_model_options){.compute = "reference"});
        dn_model *other = open_with(&summary, &(dn_model_options){.compute = others[i]});
        double between = apart(self, reference, other);
        print_message("reference and %s: %.1e\n", others[i], between);
        assert_true(between < 1e-4);
    }
}

/* Stops in one of the two passes over the training pictures. */
typedef struct stop {
    size_t at;
} stop;

static int stops_at(void *user, const dn_progress *progress) {
    const stop *self = user;
    return progress->stage == DN_STAGE_TRAIN_FEATURES && progress->done == self->at;
}

static void a_stopped_training_ends_in_the_same_bytes(void **state) {
    scene *self = *state;
    dn_train_summary whole;
    train(self, &whole);
    static const size_t moments[] = {3, TRAINED + 5};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        dn_train_summary summary = DN_INIT(dn_train_summary);
        stop when = {moments[i]};
        const dn_observer observer = {
            .struct_size = sizeof observer, .user = &when, .on_progress = stops_at};
        assert_fails(dn_train(self->config, &observer, &summary, NULL, &error), DN_CANCELLED, "");
        assert_ok(dn_train_resume(self->config, NULL, NULL, &summary, NULL, &error));
        assert_same_models(&whole, &summary);
    }
}

/* ---- killed ---- */

static int dies_at(void *user, const dn_progress *progress) {
    if (stops_at(user, progress))
        raise(SIGKILL);
    return 0;
}

/* What the child does: a training that kill -9 ends. */
static int train_and_die(const char *folder, size_t moment) {
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_config *config = configure(folder);
    stop when = {moment};
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = &when, .on_progress = dies_at};
    dn_train(config, &observer, &summary, NULL, &error);
    dn_config_destroy(config);
    return 1; /* it should have died */
}

/* A process of its own, started anew: OpenMP's threads do not outlive a fork. */
static void kill_a_training(const scene *self, size_t moment) {
    char number[32];
    int status;
    snprintf(number, sizeof number, "%zu", moment);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "test_api_places", self->folder, number, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The results folder of a killed training holds what a resumption needs, and no half of a file. */
static void assert_nothing_half_written(const scene *self, const char *version) {
    char path[512];
    struct dirent *entry;
    int checkpoints = 0;
    snprintf(path, sizeof path, "%s/results/DifferNet/data/part/%s", self->folder, version);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        assert_null(strstr(entry->d_name, ".tmp-"));
        assert_string_not_equal(entry->d_name, "model.safetensors");
        assert_string_not_equal(entry->d_name, "report.html");
        checkpoints += strcmp(entry->d_name, "checkpoint.safetensors") == 0;
    }
    closedir(directory);
    assert_int_equal(checkpoints, 1);
}

/* kill -9 in either of the two passes of the detector for places. */
static void a_killed_training_ends_in_the_same_bytes(void **state) {
    scene *self = *state;
    static const char *const versions[] = {"v2", "v3"};
    static const size_t moments[] = {3, TRAINED + 5};
    dn_train_summary whole;
    train(self, &whole);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        dn_train_summary summary = DN_INIT(dn_train_summary);
        kill_a_training(self, moments[i]);
        assert_nothing_half_written(self, versions[i]);
        assert_ok(dn_train_resume(self->config, NULL, NULL, &summary, NULL, &error));
        assert_non_null(strstr(summary.results_directory, versions[i]));
        assert_same_models(&whole, &summary);
    }
}

/* ---- verdicts and regions ---- */

/* A region is there if and only if the map is above its threshold and the verdict is no PASS. */
static void check_regions(const inspected *seen) {
    size_t count;
    dn_map_regions(seen->map, &count);
    int above = seen->result.places_score > dn_map_threshold(seen->map);
    int passes = seen->result.verdict == DN_VERDICT_PASS;
    if ((count > 0) != (above && !passes))
        fail_msg("%zu regions, verdict %d, places %g, threshold %g", count,
                 (int)seen->result.verdict, seen->result.places_score, dn_map_threshold(seen->map));
}

/* What occurred: by verdict, and whether the places alone are above their threshold. */
typedef struct seen_cases {
    int cases[4][2];
} seen_cases;

static void look(scene *self, const dn_train_summary *summary, double threshold, double review_rate,
                 seen_cases *seen) {
    dn_model *model =
        open_with(summary, &(dn_model_options){.threshold = threshold, .review_rate = review_rate});
    for (int i = 0; i < 2 * TESTED; i++) {
        char name[64];
        snprintf(name, sizeof name, "test/%s/%02d.pgm", i % 2 ? "dirt" : "good", i / 2);
        inspected found = inspect(self, model, name);
        check_regions(&found);
        int above = found.result.places_score > dn_map_threshold(found.map);
        seen->cases[found.result.verdict][above]++;
        dn_map_free(found.map);
    }
    dn_model_close(model);
}

/* Thresholds of all sizes give every verdict with either side of the map's threshold. */
static void verdicts_and_regions_never_contradict(void **state) {
    scene *self = *state;
    static const char *const kinds[] = {"combined", "places", "paper"};
    seen_cases seen = {0};
    for (int i = 0; i < 3; i++) {
        dn_train_summary summary;
        set(self->config, "score", kinds[i]);
        train(self, &summary);
        look(self, &summary, 0, 0, &seen);
        look(self, &summary, 1e-30, -1, &seen); /* FAIL for all */
        look(self, &summary, 1e30, 0.9, &seen); /* no FAIL; many in review */
        look(self, &summary, 1e30, -1, &seen);  /* PASS for all */
    }
    for (int above = 0; above < 2; above++) {
        assert_true(seen.cases[DN_VERDICT_PASS][above] > 0);
        assert_true(seen.cases[DN_VERDICT_REVIEW][above] > 0);
        assert_true(seen.cases[DN_VERDICT_FAIL][above] > 0);
    }
}

/* By places alone, at equal rates, verdict and region are the same thing. */
static void by_places_alone_a_region_is_the_verdict(void **state) {
    scene *self = *state;
    dn_train_summary summary;
    set(self->config, "score", "places");
    set(self->config, "false_reject_rate", "0.4");
    train(self, &summary);
    dn_model *model = open_with(&summary, &(dn_model_options){0});
    int fails = 0;
    for (int i = 0; i < 2 * TESTED; i++) {
        char name[64];
        size_t count;
        snprintf(name, sizeof name, "test/%s/%02d.pgm", i % 2 ? "dirt" : "good", i / 2);
        inspected found = inspect(self, model, name);
        dn_map_regions(found.map, &count);
        assert_int_equal(count > 0, found.result.verdict == DN_VERDICT_FAIL);
        fails += count > 0;
        dn_map_free(found.map);
    }
    assert_true(fails > 0 && fails < 2 * TESTED);
    dn_model_close(model);
}

/* ---- parts at any angle ---- */

/* A patch in a corner over a texture of its own; `quarters`: turned by so many quarters. */
static void put_patch(const scene *self, const char *name, int number, int quarters) {
    static uint8_t pixels[SIDE * SIDE];
    uint32_t noise = (uint32_t)number + 1;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int right = quarters % 2 ? y : x, down = quarters % 2 ? SIDE - 1 - x : y;
            noise = noise * 1664525 + 1013904223;
            pixels[y * SIDE + x] = (uint8_t)((right > 40 && down > 40 ? 180 : 60) + (noise >> 26));
        }
    put_image(self->folder, name, SIDE, SIDE, 1, pixels);
}

/* Shares of the training's views, each with its left-out statistic, in (1 + k) / (1 + views). */
static void assert_counts_views(double p_value, int views) {
    double k = p_value * (views + 1);
    assert_true(fabs(k - round(k)) < 1e-6);
}

static void a_turned_part_is_known_at_its_angle(void **state) {
    scene *self = *state;
    double ratio[2];
    for (int i = 0; i < TRAINED; i++) {
        char name[64];
        snprintf(name, sizeof name, "data/part/train/good/%02d.pgm", i);
        put_patch(self, name, i, 0);
    }
    put_patch(self, "data/part/upright.pgm", TRAINED, 0);
    put_patch(self, "data/part/turned.pgm", TRAINED, 1);
    for (int i = 0; i < 2; i++) {
        dn_train_summary summary;
        set(self->config, "places_rotations", i ? "4" : "1");
        train(self, &summary);
        dn_model *model = open_with(&summary, &(dn_model_options){0});
        inspected upright = inspect(self, model, "upright.pgm");
        inspected turned = inspect(self, model, "turned.pgm");
        assert_counts_views(turned.result.places_p_value, i ? 4 * TRAINED : TRAINED);
        ratio[i] = turned.result.places_score / upright.result.places_score;
        dn_map_free(upright.map);
        dn_map_free(turned.map);
        dn_model_close(model);
    }
    print_message("turned over upright: %.2f; with four angles %.2f\n", ratio[0], ratio[1]);
    assert_true(ratio[0] > 1.6 && ratio[1] < 1.1); /* 1.2 where all angles are learned as upright */
}

/* ---- region of interest, early exit ---- */

/* The map is 0 outside, and dirt there changes no region: the patch lies in the last 20 rows. */
static void outside_is_blind(void **state) {
    scene *self = *state;
    dn_train_summary summary;
    uint8_t mask[SIDE * SIDE] = {0};
    int width, height;
    memset(mask, 255, SIDE * 40);
    set(self->config, "roi", put_image(self->folder, "mask.pgm", SIDE, SIDE, 1, mask));
    train(self, &summary);
    dn_model *model = open_with(&summary, &(dn_model_options){0});
    inspected good = inspect(self, model, "test/good/01.pgm");
    inspected dirt = inspect(self, model, "test/dirt/01.pgm");
    const float *values = dn_map_values(dirt.map, &width, &height);
    for (int i = 0; i < width * height; i++)
        assert_true((values[i] > 0) == (i < width * 40));
    assert_true(difference_of(good.map, dirt.map) == 0);
    assert_true(good.result.raw_score == dirt.result.raw_score);
    dn_map_free(good.map);
    dn_map_free(dirt.map);
    dn_model_close(model);
}

static void an_early_exit_keeps_the_places(void **state) {
    scene *self = *state;
    dn_train_summary summary;
    int sooner = 0;
    set(self->config, "n_transforms_test", "6");
    train(self, &summary);
    dn_model *model = open_with(&summary, &(dn_model_options){0});
    dn_model *early = open_with(&summary, &(dn_model_options){.early_exit = 0.99});
    for (int i = 0; i < 2 * TESTED; i++) {
        char path[512];
        dn_result all = DN_INIT(dn_result), some = DN_INIT(dn_result);
        snprintf(path, sizeof path, "%s/data/part/test/%s/%02d.pgm", self->folder,
                 i % 2 ? "dirt" : "good", i / 2);
        assert_ok(dn_model_score_file(model, path, &all, &error));
        assert_ok(dn_model_score_file(early, path, &some, &error));
        assert_true(all.places_score == some.places_score);
        assert_int_equal(all.rotations, 6);
        sooner += some.rotations < 6;
        if (some.rotations == 6)
            assert_true(fabs(all.raw_score / some.raw_score - 1) < 1e-9);
    }
    assert_true(sooner > 0);
    dn_model_close(model);
    dn_model_close(early);
}

int main(int count, char **words) {
    if (count == 3)
        return train_and_die(words[1], strtoul(words[2], NULL, 10));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_do_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(backends_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_training_ends_in_the_same_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_killed_training_ends_in_the_same_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(verdicts_and_regions_never_contradict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_places_alone_a_region_is_the_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turned_part_is_known_at_its_angle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outside_is_blind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_early_exit_keeps_the_places, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
