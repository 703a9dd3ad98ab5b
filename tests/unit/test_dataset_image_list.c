/* dn_image_list_create: the image files of a path. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_path(const dn_image_list *list, size_t index, const char *root,
                       const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_string_equal(list->paths[index], path);
}

static void a_folder(void **state) {
    (void)state;
    char *root = temporary_create();
    dn_error error = {0};
    dn_image_list list = DN_INIT(dn_image_list);
    put_file(root, "b/2.png", "", 0);
    put_file(root, "b/10.PNG", "", 0);
    put_file(root, "a.jpg", "", 0);
    put_file(root, "z.txt", "", 0);
    put_file(root, ".hidden.png", "", 0);
    assert_ok(dn_image_list_create(root, &list, &error));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.skipped, 2);
    check_path(&list, 0, root, "a.jpg");
    check_path(&list, 1, root, "b/10.PNG");
    check_path(&list, 2, root, "b/2.png");
    dn_image_list_free(&list);
    assert_null(list.paths);
    char with_slash[64];
    snprintf(with_slash, sizeof with_slash, "%s/", root);
    assert_ok(dn_image_list_create(with_slash, &list, &error));
    check_path(&list, 0, root, "a.jpg");
    dn_image_list_free(&list);
    temporary_remove(root);
}

/* Who names a file means it, whatever its extension. */
static void a_file(void **state) {
    (void)state;
    char *root = temporary_create();
    dn_error error = {0};
    dn_image_list list = DN_INIT(dn_image_list);
    const char *path = put_file(root, "part.dat", "", 0);
    assert_ok(dn_image_list_create(path, &list, &error));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.paths[0], path);
    dn_image_list_free(&list);
    temporary_remove(root);
}

/* What the program itself wrote is no input of its next run. */
static void results(void **state) {
    (void)state;
    char *root = temporary_create();
    dn_error error = {0};
    dn_image_list list = DN_INIT(dn_image_list);
    put_file(root, "a.png", "", 0);
    put_file(root, "a.png_overlay.png", "", 0);
    put_file(root, "a.png_map.tiff", "", 0);
    put_file(root, "a.png~12_mask.png", "", 0);
    put_file(root, "a_mask.png", "", 0); /* the user's */
    put_file(root, "maps/.differnet-results", "", 0);
    put_file(root, "maps/deep/b.png", "", 0);
    assert_ok(dn_image_list_create(root, &list, &error));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.skipped, 0);
    assert_int_equal(list.outputs, 4); /* the marked folder counts as one */
    check_path(&list, 1, root, "a_mask.png");
    dn_image_list_free(&list);
    char maps[64];
    snprintf(maps, sizeof maps, "%s/maps", root);
    assert_fails(dn_image_list_create(maps, &list, &error), DN_ERROR_DATA,
                 "maps: is a results folder of differnet");
    assert_true(dn_is_output_folder(maps));
    assert_false(dn_is_output_folder(root));
    temporary_remove(root);
}

static void names_of_results(void **state) {
    (void)state;
    static const char *const outputs[] = {"a.png_overlay.png", "x/a.JPG_map.tiff", "a.bmp_mask.png",
                                          "a.webp_map.png", "a.png~2_map.png"};
    static const char *const others[] = {
        "a_overlay.png",  "a.png",         "_map.png",   "a.txt_mask.png",
        "a.png~_map.png", "a.png_map.jpg", "~2_map.png", ""};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        assert_true(dn_is_output_name(outputs[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(dn_is_output_name(others[i]));
}

static void nothing(void **state) {
    (void)state;
    char *root = temporary_create();
    dn_error error;
    dn_image_list list = DN_INIT(dn_image_list);
    assert_fails(dn_image_list_create("/nonexistent/x.png", &list, &error), DN_ERROR_IO,
                 "/nonexistent/x.png: cannot open: No such file");
    assert_fails(dn_image_list_create("", &list, &error), DN_ERROR_IO, "cannot open");
    assert_fails(dn_image_list_create(root, &list, &error), DN_ERROR_DATA, "no images; expected");
    put_file(root, "a.txt", "", 0);
    assert_fails(dn_image_list_create(root, &list, &error), DN_ERROR_DATA,
                 "(other files: 1; results of differnet: 0)");
    assert_null(list.paths);
    dn_image_list_free(&list);
    temporary_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder),         cmocka_unit_test(a_file),  cmocka_unit_test(results),
        cmocka_unit_test(names_of_results), cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
