/* Writing JPEG: what comes back is near what went in. */
#include "base/memory.h"
#include "image/encode/encode.h"
#include "support/support.h"

#include <stdlib.h>

/* A smooth picture, which JPEG keeps well; the decoder is the tested one. */
static void round_trip(int width, int height) {
    dn_error error;
    dn_image image, back;
    uint8_t *bytes;
    size_t size;
    assert_ok(dn_image_create(width, height, &image, &error));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                image.pixels[(y * width + x) * 3 + c] = (uint8_t)(60 + x + y + 20 * c);
    assert_ok(dn_image_encode_jpeg(&image, 90, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "page", NULL, &back, &error));
    assert_int_equal(back.width, width);
    assert_int_equal(back.height, height);
    /* Chroma is halved: neighbours on a slope of 1 differ by little more than rounding. */
    for (int i = 0; i < width * height * 3; i++)
        assert_in_range(abs(back.pixels[i] - image.pixels[i]), 0, 6);
    dn_release(bytes);
    dn_image_free(&image);
    dn_image_free(&back);
}

static void test_round_trips(void **state) {
    (void)state;
    round_trip(64, 48);
    round_trip(17, 1);
    round_trip(1, 1);
    round_trip(1, 70);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
