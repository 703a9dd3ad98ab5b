#include "image/image.h"

enum { BRIGHTNESS, CONTRAST, SATURATION, PROPERTIES };

dn_jitter dn_jitter_draw(double brightness, double contrast, double saturation, dn_random *random) {
    const double strength[PROPERTIES] = {brightness, contrast, saturation};
    dn_jitter jitter = {0};
    uint32_t order[PROPERTIES];
    for (uint32_t property = 0; property < PROPERTIES; property++) {
        if (!(strength[property] > 0))
            continue;
        double low = strength[property] < 1 ? 1 - strength[property] : 0;
        double high = 1 + strength[property];
        jitter.factor[property] = low + (high - low) * dn_random_uniform(random);
        order[jitter.count++] = property;
    }
    dn_random_shuffle(random, order, (uint32_t)jitter.count);
    for (int i = 0; i < jitter.count; i++)
        jitter.order[i] = (int)order[i];
    return jitter;
}

/* Pillow's L = 0.299 R + 0.587 G + 0.114 B in 16 bits of fraction, rounded. */
static int grey(const uint8_t *pixel) {
    return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 32768) >> 16;
}

/* Image.blend from `base` towards `value` and beyond: f32, clipped, fraction dropped. */
static uint8_t blend(int base, int value, float factor) {
    float moved = (float)(value - base) * factor;
    float blended = (float)base + moved;
    return blended <= 0 ? 0 : blended >= 255 ? 255 : (uint8_t)blended;
}

static int mean_grey(const dn_image *image, size_t count) {
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += grey(image->pixels + 3 * i);
    return (int)((double)sum / (double)count + 0.5);
}

/* Brightness moves away from black, contrast from the mean grey: the same for every pixel. */
static void blend_with_level(dn_image *image, size_t count, int level, float factor) {
    uint8_t blended[256];
    for (int value = 0; value < 256; value++)
        blended[value] = blend(level, value, factor);
    for (size_t i = 0; i < 3 * count; i++)
        image->pixels[i] = blended[image->pixels[i]];
}

static void blend_with_grey(dn_image *image, size_t count, float factor) {
    for (uint8_t *pixel = image->pixels; count-- > 0; pixel += 3) {
        int level = grey(pixel);
        for (int channel = 0; channel < 3; channel++)
            pixel[channel] = blend(level, pixel[channel], factor);
    }
}

void dn_image_jitter(dn_image *image, const dn_jitter *jitter) {
    size_t count = (size_t)image->width * (size_t)image->height;
    for (int i = 0; i < jitter->count; i++) {
        int property = jitter->order[i];
        float factor = (float)jitter->factor[property];
        if (property == BRIGHTNESS)
            blend_with_level(image, count, 0, factor);
        else if (property == CONTRAST)
            blend_with_level(image, count, mean_grey(image, count), factor);
        else
            blend_with_grey(image, count, factor);
    }
}
