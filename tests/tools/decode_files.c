/* Decodes the image files that standard input names, one a line, for
 * tests/reference/compare_decoders.py: "WIDTH HEIGHT IS_MAPPED" and a newline, then the RGB bytes;
 * or "0 0 0 MESSAGE" and a newline. */
#include "image/image.h"

#include <stdio.h>
#include <string.h>

int main(void) {
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        dn_image image;
        dn_error error = {0};
        path[strcspn(path, "\n")] = '\0';
        if (dn_image_read(path, NULL, &image, &error) != DN_OK)
            printf("0 0 0 %s\n", error.message);
        else {
            printf("%d %d %d\n", image.width, image.height, image.depth.is_mapped);
            fwrite(image.pixels, 3, (size_t)image.width * (size_t)image.height, stdout);
        }
        fflush(stdout);
        dn_image_free(&image);
    }
    return 0;
}
