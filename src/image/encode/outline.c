#include "image/encode/outline.h"

#include <string.h>

static int is_inside(const dn_image *picture, const uint8_t *inside, int x, int y) {
    return x >= 0 && y >= 0 && x < picture->width && y < picture->height &&
           inside[(size_t)y * (size_t)picture->width + (size_t)x];
}

/* Pixels of the cross around (x, y), `reach` away, that are inside: 0 to 4. */
static int inside_around(const dn_image *picture, const uint8_t *inside, int x, int y, int reach) {
    return is_inside(picture, inside, x - reach, y) + is_inside(picture, inside, x + reach, y) +
           is_inside(picture, inside, x, y - reach) + is_inside(picture, inside, x, y + reach);
}

void dn_outline_draw(dn_image *picture, const uint8_t *inside) {
    int side = picture->width < picture->height ? picture->width : picture->height;
    int reach = side > 400 ? side / 300 + 1 : 1;
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            size_t i = (size_t)y * (size_t)picture->width + (size_t)x;
            int around = inside_around(picture, inside, x, y, reach);
            if (inside[i] && around < 4)
                memset(picture->pixels + 3 * i, 255, 3);
            else if (!inside[i] && around > 0)
                memset(picture->pixels + 3 * i, 0, 3);
        }
}
