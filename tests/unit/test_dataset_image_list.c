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
    assert_fails(dn_image_list_create(root, &list, &error), DN_ERROR_DATA, "(other files: 1)");
    assert_null(list.paths);
    dn_image_list_free(&list);
    temporary_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder),
        cmocka_unit_test(a_file),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
