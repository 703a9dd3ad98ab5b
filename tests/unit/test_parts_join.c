/* Parts of a work: what is written is read and joined in order; damage, gaps and strangers are
 * named. */
#include "parts/part.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 7, SHARDS = 3 };

static const char *const words[] = {"--format=json", "--", "model", "a b\nc"};

static dn_part_options options_of(size_t shard) {
    return (dn_part_options){.struct_size = sizeof(dn_part_options),
                             .verb = "predict",
                             .shard = shard,
                             .shards = SHARDS,
                             .words = words,
                             .word_count = 4,
                             .about = "id",
                             .heading = "head"};
}

/* A part of `items` items, "row K\n..." for item K. */
static void write_part(size_t shard, size_t items, char **bytes, size_t *size) {
    const dn_part_options options = options_of(shard);
    dn_error error = {0};
    dn_part *part;
    char row[48];
    assert_ok(dn_part_create(&options, &part, &error));
    for (size_t i = 0; i < items; i++) {
        snprintf(row, sizeof row, "row %zu\nend 1 1\n", i);
        if (dn_part_next(part, row))
            assert_ok(dn_part_add(part, row, strlen(row), &error));
    }
    assert_ok(dn_part_end(part, &error));
    assert_ok(dn_part_take(part, bytes, size, &error));
    dn_part_free(part);
}

static void put_part(const char *folder, size_t shard, size_t items) {
    char name[16];
    size_t size;
    char *bytes;
    write_part(shard, items, &bytes, &size);
    snprintf(name, sizeof name, "%zu", shard);
    put_file(folder, name, bytes, size);
    dn_text_free(bytes);
}

static void test_joined(void **state) {
    (void)state;
    dn_error error = {0};
    dn_parts *parts;
    char *folder = temporary_create(), paths[SHARDS][1100];
    size_t size;
    const char *given[SHARDS] = {paths[2], paths[0], paths[1]};
    for (size_t items = 0; items <= ITEMS; items++) {
        for (size_t i = 0; i < SHARDS; i++) {
            snprintf(paths[i], sizeof paths[i], "%s/%zu", folder, i + 1);
            put_part(folder, i + 1, items);
        }
        assert_ok(dn_parts_open(given, SHARDS, &parts, &error));
        assert_string_equal(dn_parts_verb(parts), "predict");
        assert_string_equal(dn_parts_about(parts), "id");
        assert_string_equal(dn_parts_heading(parts), "head");
        for (size_t i = 0; i < 4; i++)
            assert_string_equal(dn_parts_word(parts, i), words[i]);
        assert_null(dn_parts_word(parts, 4));
        for (size_t i = 0; i < items; i++) {
            char row[48];
            snprintf(row, sizeof row, "row %zu\nend 1 1\n", i);
            assert_string_equal(dn_parts_item(parts, i, &size), row);
            assert_int_equal(size, strlen(row));
        }
        assert_null(dn_parts_item(parts, items, &size));
        dn_parts_close(parts);
    }
    put_part(folder, 2, ITEMS - 1);
    assert_fails(dn_parts_open(given, SHARDS, &parts, &error), DN_ERROR_DATA, "other pictures");
    given[2] = paths[0];
    assert_fails(dn_parts_open(given + 1, 2, &parts, &error), DN_ERROR_DATA,
                 "part 1 of 3 was given twice");
    assert_fails(dn_parts_open(given, 1, &parts, &error), DN_ERROR_DATA, "missing: 1, 2");
    assert_fails(dn_parts_open(given, 0, &parts, &error), DN_ERROR_ARGUMENT, "no parts");
    temporary_remove(folder);
}

static dn_status parse(const char *bytes, size_t size, dn_error *error) {
    dn_read_part part;
    uint8_t *data = malloc(size + 1);
    memcpy(data, bytes, size);
    dn_status status = dn_read_part_parse(&part, "p", data, size, error);
    part.data = NULL;
    dn_read_part_free(&part);
    free(data);
    return status;
}

/* Cut anywhere, or with any byte of its frames changed, a part is refused. */
static void test_damaged(void **state) {
    (void)state;
    dn_error error = {0};
    size_t size;
    char *bytes;
    write_part(2, ITEMS, &bytes, &size);
    assert_ok(parse(bytes, size, &error));
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(parse(bytes, cut, &error), DN_ERROR_FORMAT);
    static const char *const changes[][2] = {{"part 1 ", "part 2 "},   {"shard 2 ", "shard 4 "},
                                             {"shard 2 ", "shard 0 "}, {"item 1 ", "item 2 "},
                                             {"item 4 ", "item 1 "},   {"end 7 ", "end 9 "},
                                             {"word 1 ", "word 3 "},   {"item 4 14", "item 4 99"},
                                             {"about", "above"},       {"item 4 14", "item 4 -4"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *found = strstr(bytes, changes[i][0]);
        assert_non_null(found);
        size_t at = (size_t)(found - bytes);
        memcpy(bytes + at, changes[i][1], strlen(changes[i][1]));
        assert_fails(parse(bytes, size, &error), DN_ERROR_FORMAT, "p: is not a part");
        memcpy(bytes + at, changes[i][0], strlen(changes[i][0]));
    }
    dn_text_free(bytes);
}

static void test_refused(void **state) {
    (void)state;
    dn_error error = {0};
    dn_part *part;
    dn_part_options options = options_of(SHARDS + 1);
    assert_fails(dn_part_create(&options, &part, &error), DN_ERROR_ARGUMENT, "not 4 of 3");
    assert_null(part);
    dn_part_free(NULL);
    dn_parts_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
