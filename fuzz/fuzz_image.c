/* Image decoding: any bytes give a picture within the limits or one error, never a crash. */
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_error error = {0};
    dn_image image = {0};
    if (dn_image_decode(data, size, "fuzz", &image, &error) == DN_OK)
        dn_image_free(&image);
    else if (error.message[0] == '\0')
        __builtin_trap();
    return 0;
}
