/* Decoding and preprocessing: any bytes give a picture within the limits, which then becomes a
 * network's input without a value that is not finite, or one error; never a crash. */
#include "image/image.h"

#include <math.h>
#include <stdlib.h>

/* Preprocessing takes time in proportion to the picture, and finds nothing new in large ones. */
enum { INPUT_SIDE = 24, LARGEST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepare(const dn_image *image) {
    static const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225};
    dn_error error = {0};
    dn_image resized = {0};
    dn_normalization table;
    float input[INPUT_SIDE * INPUT_SIDE * 3];
    dn_normalization_init(&table, mean, std);
    if (dn_image_resize(image, INPUT_SIDE, INPUT_SIDE, &resized, &error) != DN_OK)
        return;
    dn_image_rotate_normalize(&resized, image->width % 360, &table, input);
    for (size_t i = 0; i < sizeof input / sizeof *input; i++)
        if (!isfinite(input[i]))
            abort();
    dn_image_free(&resized);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_error error = {0};
    dn_image image = {0};
    dn_status status = dn_image_decode(data, size, "fuzz", NULL, &image, &error);
    if (status != error.status || (status != DN_OK && error.message[0] == '\0'))
        abort();
    if (status == DN_OK && (int64_t)image.width * image.height <= LARGEST)
        prepare(&image);
    dn_image_free(&image);
    return 0;
}
