/* Folders that the program writes are marked; the user's are not. */
#include "base/output_folder.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

static dn_error error;

static void test_marks(void **state) {
    (void)state;
    char *root = temporary_create(), path[300];
    snprintf(path, sizeof path, "%s/new/deep", root);
    assert_false(dn_is_output_folder(path));
    assert_ok(dn_output_folder_make(path, &error));
    assert_true(dn_is_output_folder(path));
    put_file(path, "map.png", "", 0);
    assert_ok(dn_output_folder_make(path, &error)); /* again */
    assert_true(dn_is_output_folder(path));
    snprintf(path, sizeof path, "%s/new", root);
    assert_false(dn_is_output_folder(path)); /* a parent may hold anything */
    temporary_remove(root);
}

static void test_leaves_folders_of_others(void **state) {
    (void)state;
    char *root = temporary_create(), path[300];
    put_file(root, "part.png", "", 0);
    assert_ok(dn_output_folder_make(root, &error));
    assert_false(dn_is_output_folder(root));
    snprintf(path, sizeof path, "%s/part.png", root);
    assert_fails(dn_output_folder_make(path, &error), DN_ERROR_IO, "part.png");
    temporary_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_leaves_folders_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
