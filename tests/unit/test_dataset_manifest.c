/* Manifest CSV: every accepted variant, every error, and the data set made from one. */
#include "dataset/dataset.h"
#include "dataset/manifest.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRAIN (1u << DN_SPLIT_TRAIN)
#define VALIDATE (1u << DN_SPLIT_VALIDATE)
#define TEST (1u << DN_SPLIT_TEST)
#define HEADER "image_path,label_index,split,mask_path\n"

/* ---- The reader ------------------------------------------------------------------------------ */

typedef struct parsed {
    char *text;
    dn_manifest manifest;
    dn_error error;
    dn_status status;
} parsed;

static parsed parse_bytes(const char *text, size_t size) {
    parsed result = {.text = malloc(size + 1)};
    memcpy(result.text, text, size);
    result.text[size] = '\0';
    result.status = dn_manifest_parse("m.csv", result.text, size, &result.manifest, &result.error);
    return result;
}

static parsed parse(const char *text) {
    return parse_bytes(text, strlen(text));
}

static void release(parsed *result) {
    dn_manifest_destroy(&result->manifest);
    free(result->text);
}

static void accepts(const char *text, size_t count, const dn_manifest_row *rows) {
    parsed result = parse(text);
    if (result.status != DN_OK)
        fail_msg("%s", result.error.message);
    assert_int_equal(result.manifest.count, count);
    for (size_t i = 0; i < count; i++) {
        const dn_manifest_row *row = &result.manifest.rows[i];
        assert_string_equal(row->image_path, rows[i].image_path);
        assert_int_equal(row->label, rows[i].label);
        assert_int_equal(row->split, rows[i].split);
        if (rows[i].mask_path)
            assert_string_equal(row->mask_path, rows[i].mask_path);
        else
            assert_null(row->mask_path);
    }
    release(&result);
}

static void rejects_bytes(const char *text, size_t size, const char *part) {
    parsed result = parse_bytes(text, size);
    assert_int_equal(result.status, DN_ERROR_FORMAT);
    assert_int_equal(strncmp(result.error.message, "m.csv", 5), 0);
    if (!strstr(result.error.message, part))
        fail_msg("\"%s\" is not in the message: %s", part, result.error.message);
    release(&result);
}

static void rejects(const char *text, const char *part) {
    rejects_bytes(text, strlen(text), part);
}

static void plain(void **state) {
    (void)state;
    const dn_manifest_row rows[] = {
        {"a/1.png", NULL, DN_SPLIT_TRAIN, 0, 0},
        {"b/2.png", "m/2.png", DN_SPLIT_TEST, 1, 0},
        {"b/3.png", NULL, DN_SPLIT_VALIDATE, 1, 0},
    };
    accepts(HEADER "a/1.png,0,train,\nb/2.png,1,test,m/2.png\nb/3.png,7,val,\n", 3, rows);
    accepts(HEADER "a/1.png,0,train,\nb/2.png,1,test,m/2.png\nb/3.png,7,val,", 3, rows);
    accepts("\xEF\xBB\xBF"
            "image_path,label_index,split,mask_path\r\n\r\na/1.png,0,train,\r\n"
            "b/2.png,1,test,m/2.png\r\n\nb/3.png,7,val,\r\n",
            3, rows);
    accepts("split,extra,MASK_PATH, label_index ,image_path\n"
            "Train,x,, 0 ,a/1.png\nTEST,\"y,z\",m/2.png,01,b/2.png\nVal,,,9,b/3.png\n",
            3, rows);
    accepts("image_path,label_index,split\na/1.png,000,train\n", 1, rows);
    accepts("image_path,label_index,split\r\na/1.png,0,train\r", 1, rows);
    accepts(HEADER, 0, NULL);
    accepts("image_path,label_index,split", 0, NULL);
}

static void quoted(void **state) {
    (void)state;
    const dn_manifest_row rows[] = {
        {"a,b \"c\".png", NULL, DN_SPLIT_TRAIN, 0, 0},
        {"line\nbreak.png", "\"", DN_SPLIT_VALIDATE, 1, 0},
        {" 5\" disk.png ", NULL, DN_SPLIT_VALIDATE, 0, 0},
    };
    accepts("\"image_path\",\"label_index\",split,mask_path\n"
            "\"a,b \"\"c\"\".png\",\"0\",\"train\",\"\"\r\n"
            "\"line\nbreak.png\",1,\"validate\",\"\"\"\"\n"
            " 5\" disk.png ,0,validation,",
            3, rows);
}

/* As spreadsheets and other systems write them. */
static void other_separators_and_line_ends(void **state) {
    (void)state;
    const dn_manifest_row rows[] = {
        {"a,1.png", NULL, DN_SPLIT_TRAIN, 0, 0},
        {"b/2.png", "m;2.png", DN_SPLIT_TEST, 1, 0},
    };
    accepts("\xEF\xBB\xBFimage_path;label_index;split;mask_path\r\na,1.png;0;train;\r\n"
            "b/2.png;1;test;\"m;2.png\"\r\n",
            2, rows);
    accepts("image_path\tlabel_index\tsplit\tmask_path\na,1.png\t0\ttrain\t\n"
            "b/2.png\t1\ttest\tm;2.png\n",
            2, rows);
    accepts("sep=;\r\nimage_path;label_index;split;mask_path\r\na,1.png;0;train;\r\n"
            "b/2.png;1;test;\"m;2.png\"",
            2, rows);
    accepts("image_path,label_index,split,mask_path\r\"a,1.png\",0,train,\r"
            "b/2.png,1,test,m;2.png\r",
            2, rows);
    accepts("image_path;label_index;split;mask_path\r\ra,1.png;0;train;\r"
            "b/2.png;1;test;\"m;2.png\"",
            2, rows);
}

static void mixed_line_ends(void **state) {
    (void)state;
    rejects("image_path,label_index,split\na.png,0,train\rb.png,0,train\n",
            "line 2: a carriage return within field 3; lines must end alike");
    rejects("image_path,label_index,split\ra.png,x,train\r", "line 2: label_index is \"x\"");
    rejects("image_path;label_index;split\n\"a\",0,train\n",
            "expected a semicolon or the end of the line");
    rejects("sep=|\nimage_path|label_index|split\n", "no column image_path");
    rejects("sep=;", "no column image_path");
}

static void bad_headers(void **state) {
    (void)state;
    rejects("", "is empty; expected a header line");
    rejects("\n\r\n\n", "is empty; expected a header line");
    rejects("a/1.png,0,train\n", "line 1: no column image_path; expected a header such as "
                                 "image_path,label_index,split,mask_path, found 3 column(s), the "
                                 "first \"a/1.png\"");
    rejects("image_path,split\n", "no column label_index");
    rejects("image_path,label_index\n", "no column split");
    rejects("image_path;label_index\n", "no column split; expected a header such as");
    rejects("image_path;label_index\n", "the first \"image_path\", separated by a semicolon");
    rejects("image_path\tlabel_index\n", ", separated by a tab");
    rejects("split,image_path,label_index,split\n", "two columns named split");
}

static void bad_rows(void **state) {
    (void)state;
    rejects(HEADER "a,0,train,\n\nb,0,train\n", "line 4: 3 field(s); expected 4");
    rejects(HEADER "a,0,train,,\n", "line 2: 5 field(s); expected 4");
    rejects(HEADER ",0,train,\n", "line 2: image_path is \"\"; expected the path");
    rejects(HEADER "a,,train,\n", "line 2: label_index is \"\"; expected 0 for good");
    rejects(HEADER "a,-1,train,\n", "label_index is \"-1\"");
    rejects(HEADER "a,0.5,train,\n", "label_index is \"0.5\"");
    rejects(HEADER "a,good,train,\n", "label_index is \"good\"");
    rejects(HEADER "a,0,tset,\n", "split is \"tset\"; expected train, test or val");
    rejects(HEADER "\"a\nb\",0,train,\nc,x,train,\n", "line 4: label_index is \"x\"");
}

static void bad_quotes(void **state) {
    (void)state;
    rejects(HEADER "\"a,0,train,\nb,0,train,\n", "line 2: the file ends within quotes");
    rejects(HEADER "\"a\"b,0,train,\n", "line 2: field 1 has 'b' after its closing quote");
    rejects(HEADER "a,0,train,\"", "line 2: the file ends within quotes");
    rejects(HEADER "a,0,train,\"x\"\"", "line 2: the file ends within quotes");
}

static void bad_bytes(void **state) {
    (void)state;
    static const char utf16[] = "\xFF\xFEi\0m\0a\0g\0e\0_\0p\0a\0t\0h\0";
    rejects_bytes(utf16, sizeof utf16 - 1, "a zero byte at offset 3; expected text in UTF-8");
    rejects_bytes(HEADER "a\0b,0,train,\n", sizeof HEADER + 12, "a zero byte at offset");
}

static void too_long(void **state) {
    (void)state;
    enum { SIZE = 200000 };
    char *text = malloc(SIZE);
    const size_t header = strlen(HEADER);
    memset(text, 'x', SIZE);
    memcpy(text, HEADER, header);
    rejects_bytes(text, SIZE, "line 2: a record of more than 65536 bytes");
    text[header] = '"';
    rejects_bytes(text, SIZE, "is a closing quote missing?");
    memset(text + header, '"', SIZE - header);
    rejects_bytes(text, SIZE, "line 2: a record of more than 65536 bytes");
    memset(text + header, ',', SIZE - header);
    rejects_bytes(text, SIZE, "line 2: more than 256 fields");
    free(text);
}

/* ---- The data set ---------------------------------------------------------------------------- */

typedef struct scene {
    char *root, path[256], messages[2048];
    dn_observer observer;
    dn_dataset dataset;
    dn_error error;
} scene;

static void hear(void *user, dn_severity severity, const char *message) {
    scene *set = user;
    size_t length = strlen(set->messages);
    snprintf(set->messages + length, sizeof set->messages - length, "%d %s\n", (int)severity,
             message);
}

static int build(void **state) {
    scene *set = calloc(1, sizeof *set);
    set->root = temporary_create();
    set->observer = (dn_observer){.user = set, .on_message = hear};
    *state = set;
    return 0;
}

static int clear(void **state) {
    scene *set = *state;
    dn_dataset_close(&set->dataset);
    temporary_remove(set->root);
    free(set);
    return 0;
}

static dn_status open_text(scene *set, const char *text, unsigned wanted) {
    const char *path = put_file(set->root, "list.CSV", text, strlen(text));
    snprintf(set->path, sizeof set->path, "%s", path);
    return dn_dataset_open(set->path, "ignored", wanted, &set->observer, &set->dataset,
                           &set->error);
}

static void check_sample(const scene *set, size_t index, const char *name, dn_split split,
                         int label, const char *defect) {
    const dn_sample *sample = &set->dataset.samples[index];
    assert_string_equal(sample->name, name);
    assert_int_equal(sample->split, split);
    assert_int_equal(sample->label, label);
    assert_string_equal(sample->defect, defect);
}

static void a_data_set(void **state) {
    scene *set = *state;
    char expected[512];
    assert_int_equal(open_text(set,
                               HEADER "x/crack/2.png,3,test,masks/2.png\n"
                                      "x/good/1.png,0,train,\n"
                                      "/abs/3.png,0,test,/abs/m.png\n"
                                      "x/crack/9.png,1,train,\n"
                                      "7.png,1,val,\n"
                                      "ok/8.png,1,test,\n"
                                      "x/crack/1.png,1,test,\n",
                               TRAIN | VALIDATE | TEST),
                     DN_OK);
    assert_int_equal(set->dataset.count, 6);
    assert_int_equal(set->dataset.begin[1], 1);
    assert_int_equal(set->dataset.begin[2], 2);
    assert_int_equal(set->dataset.begin[3], 6);
    check_sample(set, 0, "x/good/1.png", DN_SPLIT_TRAIN, 0, "good");
    check_sample(set, 1, "7.png", DN_SPLIT_VALIDATE, 1, "defective");
    check_sample(set, 2, "/abs/3.png", DN_SPLIT_TEST, 0, "good");
    check_sample(set, 3, "ok/8.png", DN_SPLIT_TEST, 1, "defective");
    check_sample(set, 4, "x/crack/1.png", DN_SPLIT_TEST, 1, "crack");
    check_sample(set, 5, "x/crack/2.png", DN_SPLIT_TEST, 1, "crack");
    assert_int_equal(set->dataset.good[DN_SPLIT_TEST], 1);
    assert_string_equal(set->dataset.samples[2].path, "/abs/3.png");
    assert_string_equal(set->dataset.samples[2].mask_path, "/abs/m.png");
    snprintf(expected, sizeof expected, "%s/x/crack/2.png", set->root);
    assert_string_equal(set->dataset.samples[5].path, expected);
    snprintf(expected, sizeof expected, "%s/masks/2.png", set->root);
    assert_string_equal(set->dataset.samples[5].mask_path, expected);
    assert_null(set->dataset.samples[4].mask_path);
    snprintf(expected, sizeof expected,
             "%d %s: left out rows of split train with a label_index other than 0: 1, the first: "
             "x/crack/9.png\n",
             (int)DN_WARNING, set->path);
    assert_string_equal(set->messages, expected);
}

static void only_wanted_splits(void **state) {
    scene *set = *state;
    const char *text = HEADER "a.png,0,train,\nb.png,1,test,\nc.png,0,val,\nd.png,1,train,\n";
    assert_int_equal(open_text(set, text, TEST), DN_OK);
    assert_int_equal(set->dataset.count, 1);
    assert_string_equal(set->dataset.samples[0].name, "b.png");
    assert_string_equal(set->messages, "");
    dn_dataset_close(&set->dataset);
    assert_int_equal(open_text(set, HEADER "c.png,0,val,\n", TEST | VALIDATE), DN_OK);
    assert_int_equal(set->dataset.count, 1);
}

static void nothing_to_use(void **state) {
    scene *set = *state;
    dn_error error;
    assert_int_equal(open_text(set, HEADER "a.png,1,train,\n", TRAIN), DN_ERROR_DATA);
    assert_non_null(strstr(set->error.message, "no row with split train and label_index 0"));
    assert_null(set->dataset.samples);
    assert_int_equal(open_text(set, HEADER "a.png,0,train,\n", TEST | VALIDATE), DN_ERROR_DATA);
    assert_non_null(strstr(set->error.message, "list.CSV: no row with split test"));
    assert_int_equal(open_text(set, HEADER "a.png,0\n", TEST), DN_ERROR_FORMAT);
    assert_non_null(strstr(set->error.message, "list.CSV, line 2: 2 field(s)"));
    assert_fails(dn_dataset_open("/nonexistent/m.csv", "", TEST, NULL, &set->dataset, &error),
                 DN_ERROR_IO, "/nonexistent/m.csv: cannot open");
}

/* A folder may be called so, too. */
static void a_folder_named_csv(void **state) {
    scene *set = *state;
    char path[256];
    put_file(set->root, "lot.csv/c/test/good/1.png", "", 0);
    snprintf(path, sizeof path, "%s/lot.csv", set->root);
    dn_error error = {0};
    assert_ok(dn_dataset_open(path, "c", TEST, NULL, &set->dataset, &error));
    assert_int_equal(set->dataset.count, 1);
}

static void a_path_too_long(void **state) {
    scene *set = *state;
    char text[6000] = HEADER;
    size_t header = strlen(text);
    memset(text + header, 'p', 5000);
    strcpy(text + header + 5000, ".png,0,test,\n");
    assert_int_equal(open_text(set, text, TEST), DN_ERROR_IO);
    assert_non_null(strstr(set->error.message, "the path is longer than 4095 bytes"));
}

/* ---- What a path means ----------------------------------------------------------------------- */

#define COMPOSED                                                                                   \
    "Pr\xc3\xbc"                                                                                   \
    "fling.png"
#define DECOMPOSED                                                                                 \
    "Pru\xcc\x88"                                                                                  \
    "fling.png"
#define LATIN1                                                                                     \
    "Pr\xfc"                                                                                       \
    "fling.png"

static void expect_path(scene *set, const char *listed, const char *name, const char *file) {
    char text[512], path[512];
    snprintf(text, sizeof text, "image_path,label_index,split\n%s,0,test\n", listed);
    if (open_text(set, text, TEST) != DN_OK)
        fail_msg("%s: %s", listed, set->error.message);
    snprintf(path, sizeof path, "%s/%s", set->root, file);
    assert_string_equal(set->dataset.samples[0].name, name);
    assert_string_equal(set->dataset.samples[0].path, path);
    dn_dataset_close(&set->dataset);
}

/* The file is not found: the cause is told, and whoever opens it will fail. */
static void misses_path(scene *set, const char *listed, const char *part) {
    char text[512];
    snprintf(text, sizeof text, "image_path,label_index,split\n\n%s,0,test\n", listed);
    set->messages[0] = '\0';
    assert_int_equal(open_text(set, text, TEST), DN_OK);
    assert_string_equal(set->dataset.samples[0].name, listed);
    dn_dataset_close(&set->dataset);
    if (!strstr(set->messages, part) || !strstr(set->messages, "list.CSV: 1 path(s) ") ||
        !strstr(set->messages, "; the first, in line 3: "))
        fail_msg("\"%s\" is not in the message: %s", part, set->messages);
}

static void backslashes(void **state) {
    scene *set = *state;
    put_file(set->root, "x/crack/1.png", "", 0);
    put_file(set->root, "odd\\name.png", "", 0);
    expect_path(set, "x\\crack\\1.png", "x/crack/1.png", "x/crack/1.png");
    expect_path(set, ".\\x\\crack\\1.png", "./x/crack/1.png", "./x/crack/1.png");
    expect_path(set, "odd\\name.png", "odd\\name.png", "odd\\name.png"); /* as it is */
    misses_path(set, "x\\crack\\2.png", "match no file, neither as written nor with /");
    misses_path(set, "C:\\x\\crack\\1.png", "begin with a Windows drive");
}

/* The defect's folder is found behind backslashes, and masks are found in the same ways. */
static void backslashes_name_defects(void **state) {
    scene *set = *state;
    put_file(set->root, "x/crack/1.png", "", 0);
    put_file(set->root, "m/1.png", "", 0);
    assert_int_equal(open_text(set, HEADER "x\\crack\\1.png,1,test,m\\1.png\n", TEST), DN_OK);
    check_sample(set, 0, "x/crack/1.png", DN_SPLIT_TEST, 1, "crack");
    assert_non_null(strstr(set->dataset.samples[0].mask_path, "/m/1.png"));
}

static void accents_composed_and_decomposed(void **state) {
    scene *set = *state;
    put_file(set->root, "a/" COMPOSED, "", 0);
    put_file(set->root, "b\xc3\xa9/" DECOMPOSED, "", 0); /* a folder, too */
    expect_path(set, "a/" COMPOSED, "a/" COMPOSED, "a/" COMPOSED);
    expect_path(set, "a/" DECOMPOSED, "a/" DECOMPOSED, "a/" COMPOSED);
    expect_path(set, "be\xcc\x81/" COMPOSED, "be\xcc\x81/" COMPOSED, "b\xc3\xa9/" DECOMPOSED);
    expect_path(set, "be\xcc\x81\\" COMPOSED, "be\xcc\x81/" COMPOSED, "b\xc3\xa9/" DECOMPOSED);
    /* Missing files keep their path: whoever opens them says so. */
    expect_path(set, "a/\xc3\xa4.png", "a/\xc3\xa4.png", "a/\xc3\xa4.png");
}

/* Vietnamese has two marks, Korean syllables have parts; neither name is in the folder as listed.
 */
static void letters_of_several_marks(void **state) {
    scene *set = *state;
    put_file(set->root, "l\xe1\xbb\x87.png", "", 0);                        /* composed */
    put_file(set->root, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.png", "", 0); /* three jamo */
    expect_path(set, "le\xcc\xa3\xcc\x82.png", "le\xcc\xa3\xcc\x82.png", "l\xe1\xbb\x87.png");
    expect_path(set, "l\xe1\xba\xb9\xcc\x82.png", "l\xe1\xba\xb9\xcc\x82.png", "l\xe1\xbb\x87.png");
    expect_path(set, "\xed\x95\x9c.png", "\xed\x95\x9c.png",
                "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.png");
}

static void two_names_that_fit(void **state) {
    scene *set = *state;
    put_file(set->root, "l\xe1\xbb\x87.png", "", 0);
    put_file(set->root, "l\xe1\xba\xb9\xcc\x82.png", "", 0);
    expect_path(set, "l\xe1\xbb\x87.png", "l\xe1\xbb\x87.png", "l\xe1\xbb\x87.png");
    assert_int_equal(open_text(set, HEADER "\nle\xcc\xa3\xcc\x82.png,0,test,\n", TEST),
                     DN_ERROR_DATA);
    assert_non_null(strstr(set->error.message, "list.CSV, line 3: "));
    assert_non_null(strstr(set->error.message, "fits several files"));
}

static void latin1(void **state) {
    scene *set = *state;
    put_file(set->root, "a/" COMPOSED, "", 0);
    put_file(set->root, "b/" DECOMPOSED, "", 0);
    put_file(set->root, "c/" LATIN1, "", 0);
    put_file(set->root, "d/1 \xe2\x82\xac.png", "", 0);
    expect_path(set, "a/" LATIN1, "a/" COMPOSED, "a/" COMPOSED);
    expect_path(set, "b/" LATIN1, "b/" COMPOSED, "b/" DECOMPOSED);
    expect_path(set, "c/" LATIN1, "c/" LATIN1, "c/" LATIN1); /* as it is */
    expect_path(set, "a\\" LATIN1, "a/" COMPOSED, "a/" COMPOSED);
    expect_path(set, "d/1 \x80.png", "d/1 \xe2\x82\xac.png", "d/1 \xe2\x82\xac.png");
    misses_path(set, "e/" LATIN1, "are not UTF-8 and, read as Latin-1, match no file");
    misses_path(set, "a/\x81.png", "are not UTF-8");
}

/* The fingerprint of what `text` lists to train on. */
static void fingerprint(scene *set, const char *text, char digest[65]) {
    dn_error error = {0};
    assert_int_equal(open_text(set, text, TRAIN), DN_OK);
    assert_ok(dn_dataset_fingerprint(&set->dataset, DN_SPLIT_TRAIN, digest, &error));
    dn_dataset_close(&set->dataset);
}

/* Folders that all files share are where they lie; those below are their names. */
static void a_fingerprint_without_a_place(void **state) {
    scene *set = *state;
    char first[65], other[65], text[1024];
    put_file(set->root, "old/a/1.png", "one", 3);
    put_file(set->root, "old/b/1.png", "two", 3);
    put_file(set->root, "new/place/a/1.png", "one", 3);
    put_file(set->root, "new/place/b/1.png", "two", 3);
    put_file(set->root, "new/place/ab/1.png", "two", 3);
    fingerprint(set, HEADER "old/a/1.png,0,train,\nold/b/1.png,0,train,\n", first);
    fingerprint(set, HEADER "new/place/a/1.png,0,train,\nnew/place/b/1.png,0,train,\n", other);
    assert_string_equal(first, other);
    snprintf(text, sizeof text, HEADER "%s/old/a/1.png,0,train,\n%s/old/b/1.png,0,train,\n",
             set->root, set->root);
    fingerprint(set, text, other);
    assert_string_equal(first, other);
    /* The same contents under another name, and under names that begin alike within a folder's. */
    fingerprint(set, HEADER "new/place/a/1.png,0,train,\nnew/place/ab/1.png,0,train,\n", other);
    assert_string_not_equal(first, other);
    fingerprint(set, HEADER "old/a/1.png,0,train,\nold/a/1.png,0,train,\n", other);
    assert_string_not_equal(first, other);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, build, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(quoted),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(bad_quotes),
        cmocka_unit_test(bad_bytes),
        cmocka_unit_test(too_long),
        SCENE(a_data_set),
        SCENE(only_wanted_splits),
        SCENE(nothing_to_use),
        SCENE(a_folder_named_csv),
        SCENE(a_path_too_long),
        cmocka_unit_test(other_separators_and_line_ends),
        cmocka_unit_test(mixed_line_ends),
        SCENE(backslashes),
        SCENE(backslashes_name_defects),
        SCENE(accents_composed_and_decomposed),
        SCENE(letters_of_several_marks),
        SCENE(two_names_that_fit),
        SCENE(latin1),
        SCENE(a_fingerprint_without_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
