/* Magnetic Tile Defects, where a copy lies beside the checkout: every image is found and readable.
 */
#include "dataset/dataset.h"
#include "image/image.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TILES DN_SOURCE "/../shared/data"

enum { SKIPPED = 77 };

static void test_scan_and_decode(void **state) {
    (void)state;
    dn_error error = {0};
    dn_dataset dataset;
    size_t masks = 0;
    unsigned wanted = 1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_VALIDATE | 1u << DN_SPLIT_TEST;
    assert_ok(dn_dataset_open(TILES, "mtd", wanted, NULL, &dataset, &error));
    assert_int_equal(dataset.good[DN_SPLIT_TRAIN], 761);
    assert_int_equal(dataset.good[DN_SPLIT_TEST], 191);
    assert_int_equal(dataset.begin[DN_SPLIT_TEST + 1] - dataset.begin[DN_SPLIT_TEST], 583);
    for (size_t i = 0; i < dataset.count; i++) {
        dn_image image = {0};
        assert_ok(dn_image_read(dataset.samples[i].path, NULL, &image, &error));
        assert_true(image.width > 50 && image.height > 50);
        dn_image_free(&image);
        masks += dataset.samples[i].mask_path != NULL;
    }
    assert_int_equal(masks, 392);
    dn_dataset_close(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scan_and_decode)};
    if (access(TILES "/mtd", R_OK) != 0) {
        printf("skipped: no Magnetic Tile Defects beside the checkout\n");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
