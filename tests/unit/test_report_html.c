/* report.html: well-formed and harmless whatever files are called, the same numbers as
 * metrics.json, and words where there is nothing to show. */
#include "metrics/metrics.h"
#include "metrics/verdict_counts.h"
#include "report/report.h"
#include "support/support.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dn_error error;

enum { GOOD = 20, BAD = 16, COUNT = GOOD + BAD };

#define HOSTILE "</script><script>alert('1')</script>\"><img src=x onerror=a>&amp;\xff\x01"

/* One test set: scores that overlap a little, every image the same small file. */
typedef struct scene {
    char *folder, *page;
    char paths[COUNT][512];
    dn_report_sample samples[COUNT];
    dn_metrics metrics;
    dn_report report;
} scene;

static void put_sample(scene *set, size_t index) {
    char name[256];
    snprintf(name, sizeof name, "%zu %s.png", index, index % 2 ? "part" : "it's_\"&\xff\n");
    snprintf(set->paths[index], sizeof set->paths[index], "%s",
             put_file(set->folder, name, "P5 2 2 255\nabcd", 15));
}

static int build(void **state) {
    scene *set = calloc(1, sizeof *set);
    set->folder = temporary_create();
    for (size_t i = 0; i < COUNT; i++) {
        put_sample(set, i);
        set->samples[i] = (dn_report_sample){
            .image_path = set->paths[i],
            .gt_label = i >= GOOD,
            .defect = i < GOOD ? "good"
                      : i % 3  ? HOSTILE
                               : "crack",
            .raw_score = i < GOOD ? 1 + 0.01 * (double)i : 1.15 + 0.5 * (double)(i - GOOD),
        };
    }
    *state = set;
    return 0;
}

static int clear(void **state) {
    scene *set = *state;
    dn_curve_free(&set->report.curve);
    temporary_remove(set->folder);
    free(set->page);
    free(set);
    return 0;
}

static const char *write_page(scene *set) {
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/report.html", set->folder);
    assert_ok(dn_report_html(path, &set->report, &error));
    free(set->page);
    set->page = get_file(path, &size);
    assert_in_range(size, 1000, 4 << 20);
    return set->page;
}

/* Renders the samples [first, first + count). */
static const char *render(scene *set, size_t first, size_t count) {
    double scores[COUNT] = {0};
    int labels[COUNT] = {0};
    const char *defects[COUNT] = {0};
    size_t scored = 0;
    for (size_t i = first; i < first + count; i++) {
        if (set->samples[i].error)
            continue;
        scores[scored] = set->samples[i].raw_score;
        labels[scored] = set->samples[i].gt_label;
        defects[scored++] = set->samples[i].defect;
    }
    assert_ok(dn_metrics_compute(scores, labels, defects, scored, &set->metrics, &error));
    if (set->report.title)
        dn_count_verdicts(&(dn_judged){scores, labels, NULL, scored}, defects,
                          &(dn_cuts){1.3, 1.1, NAN}, &set->metrics);
    else
        set->report.title = "title " HOSTILE;
    set->metrics.unreadable_count = count - scored;
    set->report.metrics = &set->metrics;
    set->report.samples = set->samples + first;
    set->report.sample_count = count;
    dn_curve_free(&set->report.curve);
    assert_ok(dn_report_trace(&set->report, &error));
    return write_page(set);
}

static size_t occurrences(const char *page, const char *part) {
    size_t count = 0;
    for (const char *found = page; (found = strstr(found, part)); found++)
        count++;
    return count;
}

static void assert_holds(const char *page, const char *part) {
    if (!strstr(page, part))
        fail_msg("not in the page: %s", part);
}

/* ---- Well-formed ----------------------------------------------------------------------------- */

typedef struct open_tags {
    char names[64][16];
    size_t count;
} open_tags;

static int is_void(const char *name) {
    static const char *const names[] = {"!DOCTYPE", "meta", "link", "img", "br", "wbr", "input"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

/* The end of a tag that begins at `next`, quotes respected. */
static const char *end_of_tag(const char *next) {
    char quote = 0;
    for (; *next && (quote || *next != '>'); next++)
        if (quote ? *next == quote : *next == '"')
            quote = quote ? 0 : *next;
    return next;
}

static void take_tag(open_tags *open, const char *tag, const char *end) {
    char name[16];
    int closes = tag[1] == '/';
    snprintf(name, sizeof name, "%.*s", (int)strcspn(tag + 1 + closes, " >/"), tag + 1 + closes);
    if (closes) {
        if (open->count == 0 || strcmp(open->names[open->count - 1], name) != 0)
            fail_msg("</%s> closes <%s>", name, open->count ? open->names[open->count - 1] : "");
        open->count--;
    } else if (!is_void(name) && end[-1] != '/') {
        assert_in_range(open->count, 0, 63);
        memcpy(open->names[open->count++], name, sizeof name);
    }
}

/* Every tag is closed in its order; style and script end where they should. */
static void assert_well_formed(const char *page) {
    open_tags open = {.count = 0};
    for (const char *next = strchr(page, '<'); next; next = strchr(next, '<')) {
        const char *end = end_of_tag(next);
        assert_int_equal(*end, '>');
        take_tag(&open, next, end);
        const char *top = open.count ? open.names[open.count - 1] : "";
        next = end;
        if (strcmp(top, "script") == 0 || strcmp(top, "style") == 0)
            next = strstr(end, top[1] == 'c' ? "</script>" : "</style>");
    }
    assert_int_equal(open.count, 0);
}

static void assert_valid_utf8(const char *page) {
    for (const unsigned char *byte = (const unsigned char *)page; *byte; byte++) {
        int more = *byte >= 0xf0 ? 3 : *byte >= 0xe0 ? 2 : *byte >= 0xc0 ? 1 : 0;
        assert_true(*byte < 0x80 || more > 0);
        assert_true(*byte >= ' ' || *byte == '\n' || *byte == '\t');
        while (more-- > 0)
            assert_int_equal(*++byte & 0xc0, 0x80);
    }
}

static void assert_sound(const char *page) {
    assert_well_formed(page);
    assert_valid_utf8(page);
    assert_int_equal(occurrences(page, "<script"), 2);
    assert_int_equal(occurrences(page, "onerror=a&gt;"), occurrences(page, "onerror"));
    assert_null(strstr(page, "http:")); /* nothing on any network */
    assert_null(strstr(page, "https:"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf<"));
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* The numbers that the script works on. */
static cJSON *page_data(const char *page) {
    const char *begin = strstr(page, "id=\"scores\">");
    assert_non_null(begin);
    cJSON *data = cJSON_Parse(begin + strlen("id=\"scores\">"));
    assert_non_null(data);
    return data;
}

static void test_full_page(void **state) {
    scene *set = *state;
    static const dn_report_pair pairs[] = {{"backbone", HOSTILE}, {"model_id", NULL}};
    static const dn_report_epoch epochs[] = {
        {0, 0, 3, NAN}, {0, 1, 2, NAN}, {0, -1, 2.5, 0.75}, {1, 0, 1, NAN}, {1, -1, NAN, NAN}};
    set->report.provenance = pairs;
    set->report.pair_count = 2;
    set->report.config = "key: <b>" HOSTILE;
    set->report.epochs = epochs;
    set->report.epoch_count = 5;
    const char *page = render(set, 0, COUNT);
    char auroc[64];
    assert_sound(page);
    snprintf(auroc, sizeof auroc, "image_AUROC</th><td>%.4f", set->metrics.image_auroc.value);
    assert_holds(page, auroc);
    assert_holds(page, "<p class=\"lead notice\">The threshold was chosen on the pictures of this "
                       "test.");
    assert_int_equal(occurrences(page, "threshold chosen on these pictures"), 3); /* each tile */
    assert_holds(page, "&lt;script&gt;alert(&#39;1&#39;)");
    assert_holds(page, "<summary><h2>Training</h2></summary>");
    assert_holds(page, "<h3>ROC</h3>");
    cJSON *data = page_data(page);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "good")), GOOD);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "defective")), BAD);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "kinds")), 2);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(data, "fail")) ==
                set->metrics.decision.threshold);
    for (int i = 0; i < GOOD; i++)
        assert_true(cJSON_GetNumberValue(cJSON_GetArrayItem(cJSON_GetObjectItem(data, "good"),
                                                            i)) == set->samples[i].raw_score);
    cJSON_Delete(data);
}

/* Numbers with many digits stay within the picture. */
static void test_huge_loss(void **state) {
    scene *set = *state;
    static const dn_report_epoch epochs[] = {
        {0, 0, 3, NAN}, {0, -1, 2.5, 0.75}, {1, 0, 1, NAN}, {1, -1, 4.3e7, 1}};
    set->report.epochs = epochs;
    set->report.epoch_count = 4;
    const char *page = render(set, 0, COUNT);
    assert_sound(page);
    assert_holds(page, ">4e7</text>");
    assert_null(strstr(page, ">40000000</text>"));
}

/* The verdicts in the page are those of the thresholds, and of metrics.json. */
static void test_decision(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    const char *page = render(set, 0, COUNT);
    assert_sound(page);
    const dn_decision *decision = &set->metrics.decision;
    char row[256];
    snprintf(row, sizeof row,
             "<tr data-scores=\"good\"><th scope=\"row\">%d good</th><td "
             "data-verdict=\"0\">%zu<small>",
             GOOD, decision->good.pass);
    assert_holds(page, row);
    snprintf(
        row, sizeof row,
        "Of the <b>%d defective parts</b> shown, it rejects <b>%zu</b> and sends <b>%zu</b> to "
        "review; it misses none.",
        BAD, decision->defective.fail, decision->defective.review);
    assert_holds(page, row);
    snprintf(row, sizeof row,
             "Of the <b>%d good parts</b> shown, it rejects <b>%zu</b> and sends <b>%zu</b> to "
             "review.",
             GOOD, decision->good.fail, decision->good.review);
    assert_holds(page, row);
    assert_null(strstr(page, "of this test"));
    assert_null(strstr(page, "class=\"notice\""));
}

/* A REVIEW is no miss: it is counted and shown for itself. */
static void test_review_is_no_miss(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    render(set, 0, COUNT);
    set->metrics.decision.defective = (dn_verdict_counts){.pass = 0, .review = 6, .fail = 10};
    for (size_t i = GOOD; i < COUNT; i++)
        set->samples[i].raw_score = i < GOOD + 6 ? 1.2 : 2;
    const char *page = write_page(set);
    assert_sound(page);
    assert_holds(page, "and sends <b>6</b> to review; it misses none.");
    assert_holds(page, "<dt>defective parts for review</dt><dd><strong>6 of 16</strong>");
    assert_holds(page, "<dt>defective parts missed</dt><dd><strong>0 of 16</strong>");
    assert_holds(page, "<h3>Defective parts missed: none</h3>");
    assert_holds(page, "<h3>Defective parts sent to review: 6<span class=\"shown\">; 4 shown");
    assert_holds(page, "<h3>Defective parts rejected: 10<span class=\"shown\">; 6 shown");
}

/* As many digits as the count allows. */
static void test_digits(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    render(set, 0, COUNT);
    set->metrics.decision.good = (dn_verdict_counts){.pass = 67, .fail = 2};
    set->metrics.decision.defective = (dn_verdict_counts){.pass = 1, .fail = 391};
    assert_holds(write_page(set), "<strong>2 of 69</strong><span class=\"soft\">3\xc2\xa0%; in");
    assert_holds(set->page,
                 "<strong>1 of 392</strong><span class=\"soft\">0.3\xc2\xa0%; in general "
                 "0.0 to 1.4\xc2\xa0%");
    set->metrics.decision.good = (dn_verdict_counts){.pass = 4999, .fail = 1};
    assert_holds(write_page(set),
                 "<strong>1 of 5000</strong><span class=\"soft\">0.02\xc2\xa0%; in");
}

/* What the reader is told first. */
static void test_first_screen(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    set->report.heading = "Acceptance <line 3>";
    set->report.note = "Ask: A. Berg & team";
    set->report.model_id = "0123456789abcdef";
    set->report.dataset = "photos/screws";
    set->report.time_ms = INT64_C(1764397299123);
    set->report.warning = "33 pictures are <too few>";
    set->report.promised_rate = 0.01;
    const char *page = render(set, 0, COUNT);
    const char *gallery = strstr(page, "<ul class=\"gallery\">");
    assert_sound(page);
    assert_non_null(gallery);
    static const char *const first[] = {
        "<h1>Acceptance &lt;line 3&gt;</h1>",
        "Of <b>100</b> good parts this model rejects <b>at most 1</b> on average.",
        "<p class=\"lead notice\">33 pictures are &lt;too few&gt;.</p>",
        "<dt>Product</dt><dd>screws</dd>",
        "<dt>Made</dt><dd>2025-11-29 06:21 UTC</dd>",
        "<dt>Model</dt><dd>0123456789abcdef</dd>",
        "<dt>Pictures</dt><dd>photos/screws</dd>",
        "<dt>Note</dt><dd>Ask: A. Berg &amp; team</dd>",
    };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        assert_holds(page, first[i]);
        assert_true(strstr(page, first[i]) < gallery);
    }
    set->report.promised_rate = 1.0 / 34;
    assert_holds(write_page(set), "Of <b>100</b> good parts this model rejects <b>at most 3</b>");
    set->report.promised_rate = 0.0012;
    assert_holds(write_page(set),
                 "Of <b>10000</b> good parts this model rejects <b>at most 12</b>");
}

/* What the calibration says of itself, and what other rules would choose. */
static void test_rules(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    render(set, 0, COUNT);
    set->metrics.decision.rule = "conformal";
    set->metrics.decision.source = "val_fraction";
    set->metrics.by_rule[0] = set->metrics.decision;
    set->metrics.by_rule[1] =
        (dn_decision){.rule = "youden", .source = "test", .threshold = 0.1 + 0.2, .tuned = 1};
    set->metrics.rule_count = 2;
    const char *page = write_page(set);
    assert_sound(page);
    assert_holds(page, "it rejects at most the agreed share of good parts");
    assert_holds(page, "The thresholds come from a part of train/good/");
    assert_holds(page, "data-try=\"0.30000000000000004\">0.3</button>");
    assert_holds(page, "as large as possible (chosen on these pictures)</small>");
    assert_null(strstr(page, "youden"));
    assert_null(strstr(page, "conformal"));
    set->metrics.decision.rule = "f1_max";
    set->metrics.decision.source = "test";
    set->metrics.decision.tuned = 1;
    page = write_page(set);
    assert_holds(page, "<p class=\"lead notice\">The threshold was chosen on the pictures of this "
                       "test. Expect worse on new ones");
    set->metrics.decision.rule = "manual";
    set->metrics.decision.source = "none";
    set->metrics.decision.tuned = 0;
    assert_holds(write_page(set), ": somebody set it by hand</dd>");
}

static void test_gallery_is_bounded(void **state) {
    scene *set = *state;
    set->report.title = "screws";
    remove(set->paths[COUNT - 1]); /* the defective part with the highest score */
    const char *page = render(set, 0, COUNT);
    assert_int_equal(occurrences(page, "<img "), 5 + 1 + 4); /* found, for review, good */
    assert_int_equal(occurrences(page, "<button type=\"button\" class=\"picture\">"), 10);
    assert_int_equal(occurrences(page, "can no longer be read"), 1);
    assert_sound(page);
}

/* The mask of a defect beside its picture. */
static void test_ground_truth(void **state) {
    scene *set = *state;
    char mask[512];
    set->report.title = "screws";
    snprintf(mask, sizeof mask, "%s",
             put_file(set->folder, "mask.png", "P5 2 2 255\n\xff\0\0\0", 15));
    set->samples[COUNT - 1].mask_path = mask;
    set->samples[GOOD + 1].mask_path = "/no/such/mask.png";
    const char *page = render(set, 0, COUNT);
    assert_sound(page);
    assert_int_equal(occurrences(page, "alt=\"marked by a person\""), 1);
    assert_int_equal(occurrences(page, "can no longer be read"), 1);
}

/* Stands in for maps: red images, none for every second sample. */
static int localize(void *user, const dn_report_sample *sample, dn_image *picture,
                    dn_report_localization *found) {
    int *calls = user;
    *found = (dn_report_localization){
        .knows_regions = 1,
        .region_count = (size_t)*calls,
        .regions = {{.x = 7, .y = 9, .width = 12, .height = 5, .score = 2.5},
                    {.x = 1, .y = 2, .width = 3, .height = 4, .score = 28483220}},
    };
    if ((*calls)++ % 2)
        return 0;
    assert_true(picture->width > 0 && sample->image_path);
    dn_image_free(picture); /* the page has it already */
    assert_ok(dn_image_create(40, 30, &found->overlay, &error));
    for (int i = 0; i < 40 * 30; i++)
        found->overlay.pixels[3 * i] = 255;
    return 1;
}

static void test_maps(void **state) {
    scene *set = *state;
    int calls = 0;
    set->report.title = "screws";
    set->report.localize = localize;
    set->report.localizer = &calls;
    const char *page = render(set, 0, COUNT);
    assert_sound(page);
    assert_int_equal(calls, 11); /* found, for review, good */
    assert_int_equal(occurrences(page, "alt=\"map over it\""), 6);
    assert_int_equal(occurrences(page, "<img width=\"40\" height=\"30\""), 6);
    assert_holds(page, "<br>no single place: the picture as a whole is unusual");
    assert_holds(page,
                 "2 regions above the level of good parts:<ol><li>12 × 5 pixels at 7, 9: 2.5 ×</li>"
                 "<li>3 × 4 pixels at 1, 2: over 1000 ×</li></ol>");
    assert_holds(page, "4 regions above the level of good parts, the strongest:<ol>");
    assert_null(strstr(page, "1 region above")); /* there was no map */
    assert_holds(page, "linear-gradient(90deg,rgb(");
}

static void test_one_class(void **state) {
    scene *set = *state;
    const char *page = render(set, 0, GOOD);
    assert_sound(page);
    assert_holds(page, "holds no defective pictures");
    assert_holds(page, "data-verdict=\"0\">20<small>"); /* all pass until a slider is moved */
    assert_null(strstr(page, "<h3>ROC</h3>"));
    assert_null(strstr(page, "Kinds of defect"));
    assert_holds(page, "id=\"histogram\"");
    assert_holds(page, "<h3>Good parts, all: 20<span");
    set->report.title = "screws"; /* judged, now */
    page = render(set, 0, GOOD);
    assert_holds(page, "<dt>good parts for review</dt>");
    assert_null(strstr(page, "defective parts missed"));
    page = render(set, GOOD, BAD);
    assert_sound(page);
    assert_holds(page, "holds no good pictures");
}

/* Without a test set there are still the scores that the thresholds come from. */
static void test_held_out(void **state) {
    scene *set = *state;
    static const double scores[] = {0.9, 1, 1.1, 1.4};
    set->report.title = "screws";
    set->report.held_out = scores;
    set->report.held_out_count = 4;
    set->report.promised_rate = 0.2;
    const char *page = render(set, 0, 0);
    assert_sound(page);
    assert_holds(page, "4 good parts held out of training");
    assert_holds(page, "Of <b>100</b> good parts this model rejects <b>at most 20</b> on average.");
    assert_int_equal(occurrences(page, "<rect class=\"good\""), 4);
}

static void test_no_test_set(void **state) {
    scene *set = *state;
    const char *page = render(set, 0, 0);
    assert_sound(page);
    assert_holds(page, "There was no test set");
    assert_holds(page, "The model has no thresholds, so it gives scores and no verdicts.");
    assert_int_equal(occurrences(page, "<svg"), 0);
    assert_int_equal(occurrences(page, "<table"), 1); /* provenance */
}

static void test_unreadable(void **state) {
    scene *set = *state;
    set->samples[3].error = "a<b>.png: is no image";
    const char *page = render(set, 0, COUNT);
    assert_sound(page);
    assert_holds(page, "<li>a&lt;b&gt;.png: is no image</li>");
    assert_holds(page, "19 good, 16 defective, 1 unreadable and left out");
}

/* Where maps were made, also what they could not measure and why. */
static void test_pixel_figures(void **state) {
    scene *set = *state;
    assert_null(strstr(render(set, 0, COUNT), "pixel_AUROC"));
    set->metrics.pixel_auroc = (dn_statistic){1, 0.98765, NAN, NAN, NULL};
    set->metrics.pixel_aupro = (dn_statistic){1, 0.87654, NAN, NAN, NULL};
    set->metrics.pixel_f1_max = (dn_statistic){0, NAN, NAN, NAN, "no masks of defects"};
    const char *page = write_page(set);
    assert_sound(page);
    assert_holds(page, "pixel_AUROC</th><td>0.9877</td>");
    assert_holds(page, "pixel_AUPRO</th><td>0.8765</td>");
    assert_holds(page, "pixel_F1Max</th><td>no masks of defects</td>");
}

/* One image, equal scores, negative scores: axes must not collapse. */
static void test_odd_scores(void **state) {
    scene *set = *state;
    assert_sound(render(set, 0, 1));
    for (size_t i = 0; i < COUNT; i++)
        set->samples[i].raw_score = 2;
    assert_sound(render(set, 0, COUNT));
    for (size_t i = 0; i < COUNT; i++)
        set->samples[i].raw_score = (double)i - 30;
    assert_sound(render(set, 0, COUNT));
    for (size_t i = 0; i < COUNT; i++)
        set->samples[i].raw_score = pow(10, 3.0 * (double)i - 50);
    assert_sound(render(set, 0, COUNT));
    for (size_t i = 0; i < COUNT; i++)
        set->samples[i].raw_score = 0;
    assert_sound(render(set, 0, COUNT));
}

static void test_failure(void **state) {
    scene *set = *state;
    render(set, 0, COUNT);
    assert_fails(dn_report_html("/does/not/exist/report.html", &set->report, &error), DN_ERROR_IO,
                 "/does/not/exist/report.html");
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, build, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(test_full_page),
        SCENE(test_huge_loss),
        SCENE(test_decision),
        SCENE(test_rules),
        SCENE(test_maps),
        SCENE(test_gallery_is_bounded),
        SCENE(test_one_class),
        SCENE(test_no_test_set),
        SCENE(test_unreadable),
        SCENE(test_odd_scores),
        SCENE(test_failure),
        SCENE(test_pixel_figures),
        SCENE(test_review_is_no_miss),
        SCENE(test_digits),
        SCENE(test_first_screen),
        SCENE(test_ground_truth),
        SCENE(test_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
