/* Records of a check's pictures as text, and checks that processes share. */
#include "check/share.h"
#include "support/support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char *print(const dn_record *record) {
    dn_text text = {0};
    char *printed = NULL;
    dn_check_record_print(record, &text);
    assert_int_equal(dn_text_take(&text, &printed, NULL), DN_OK);
    return printed;
}

static void assert_survives(const dn_record *record) {
    dn_record read;
    dn_error error = {0};
    char *text = print(record);
    assert_ok(dn_check_record_parse(text, &read, &error));
    char *again = print(&read);
    assert_string_equal(text, again);
    assert_string_equal(read.kind.format, record->kind.format);
    assert_string_equal(read.kind.mode, record->kind.mode);
    assert_int_equal(read.failure != NULL, record->failure != NULL);
    assert_memory_equal(read.values, record->values, sizeof read.values);
    dn_text_free(text);
    dn_text_free(again);
    dn_record_clear(&read);
}

/* Every format and mode that there are fixtures of, readable or not. */
static void survive_folder(const char *folder) {
    char path[1024];
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        dn_record record;
        snprintf(path, sizeof path, "%.500s/%.400s", folder, entry->d_name);
        const dn_sample sample = {.path = path, .name = path};
        const dn_levels levels = {.kind = DN_LEVELS_WHOLE};
        dn_record_fill(&sample, &levels, &record);
        assert_survives(&record);
        dn_record_clear(&record);
    }
    closedir(directory);
}

static void test_records_of_files_survive(void **state) {
    (void)state;
    survive_folder(DN_FIXTURES "/formats");
    survive_folder(DN_FIXTURES "/deep");
}

static void test_texts_survive(void **state) {
    (void)state;
    dn_record record = {
        .width = 3,
        .height = 4,
        .kind = {.format = dn_image_kind_text("PNG", 3), .mode = dn_image_kind_text("", 0)},
        .values = {1.0 / 3, 2e-300, 0, -1, 5, 1e17},
        .mask = DN_MASK_GREY,
        .mask_detail = (char *)"3 value(s)\nof a mask",
        .failure = (char *)""};
    char *text = print(&record);
    dn_record read;
    dn_error error = {0};
    assert_ok(dn_check_record_parse(text, &read, &error));
    assert_string_equal(read.mask_detail, "3 value(s) of a mask");
    assert_string_equal(read.failure, "");
    assert_memory_equal(read.values, record.values, sizeof record.values);
    dn_record_clear(&read);
    dn_text_free(text);
}

/* Whatever is changed in a record, it is refused or says something possible. */
static void test_damaged_records_are_refused(void **state) {
    (void)state;
    static const char *const damaged[] = {
        "",
        "1 2",
        "70000 4 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-PNG\n-RGB\n-\n\n\n",
        "3 0 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-PNG\n-RGB\n-\n\n\n",
        "3 4 8 0 0 0 8 0 - - - - - 9 1 1 1 1 1 1 \n-PNG\n-RGB\n-\n\n\n",
        "3 4 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-GIF\n-RGB\n-\n\n\n",
        "3 4 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-PNG\n-RGB\n-xyz\n\n\n",
        "3 4 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-PNG\n-RGB\n-\n\n\nmore"};
    dn_record record;
    dn_error error;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_int_equal(dn_check_record_parse(damaged[i], &record, &error), DN_ERROR_FORMAT);
        dn_record_clear(&record);
    }
    assert_ok(dn_check_record_parse("3 4 8 0 0 0 8 0 - - - - - 0 1 1 1 1 1 1 \n-PNG\n-RGB\n-\n\n\n",
                                    &record, &error));
    assert_int_equal(record.height, 4);
    assert_true(isnan(record.depth.black));
    dn_record_clear(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_of_files_survive),
        cmocka_unit_test(test_texts_survive),
        cmocka_unit_test(test_damaged_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
