#include "image/transform/pasted_patch.h"

#include <math.h>
#include <string.h>

enum { LEAST_SIDE = 8 };

/* Where a rectangle of that size can lie. */
static int draw_place(int side, int length, dn_random *random) {
    return (int)dn_random_below(random, (uint32_t)(side - length + 1));
}

static int clamp_side(double side, int most) {
    return side < 2 ? 2 : side > most / 2.0 ? most / 2 : (int)side;
}

static double draw_log_uniform(double least, double most, dn_random *random) {
    return least * pow(most / least, dn_random_uniform(random));
}

static uint8_t brighten(uint8_t value, double factor) {
    double changed = factor * value + 0.5;
    return changed > 255 ? 255 : (uint8_t)changed;
}

void dn_image_paste_patch(dn_image *image, dn_random *random) {
    int width = image->width, height = image->height;
    if (width < LEAST_SIDE || height < LEAST_SIDE)
        return;
    double area = draw_log_uniform(0.002, 0.03, random) * width * height;
    double ratio = draw_log_uniform(1.0 / 3, 3, random);
    int w = clamp_side(sqrt(area * ratio), width), h = clamp_side(sqrt(area / ratio), height);
    int from_x = draw_place(width, w, random), from_y = draw_place(height, h, random);
    int to_x = draw_place(width, w, random), to_y = draw_place(height, h, random);
    double factor = 0.75 + 0.5 * dn_random_uniform(random);
    size_t stride = 3 * (size_t)width;
    for (int i = 0; i < h; i++) {
        int row = to_y > from_y ? h - 1 - i
                                : i; /* where both overlap, no row is read after it was written */
        uint8_t *to = image->pixels + (size_t)(to_y + row) * stride + 3 * (size_t)to_x;
        memmove(to, image->pixels + (size_t)(from_y + row) * stride + 3 * (size_t)from_x,
                3 * (size_t)w);
        for (int k = 0; k < 3 * w; k++)
            to[k] = brighten(to[k], factor);
    }
}
