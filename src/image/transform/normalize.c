#include "image/image.h"

/* PyTorch computes all of this in f32, mean and std rounded to f32 first. */
void dn_normalization_init(dn_normalization *table, const double mean[3], const double std[3]) {
    for (int channel = 0; channel < 3; channel++) {
        float center = (float)mean[channel], spread = (float)std[channel];
        for (int value = 0; value < 256; value++) {
            float light = (float)value / 255.0f;
            float centered = light - center;
            table->value[channel][value] = centered / spread;
        }
    }
}

void dn_image_normalize(const dn_image *image, const dn_normalization *table, float *output) {
    size_t count = (size_t)image->width * (size_t)image->height;
    const uint8_t *pixel = image->pixels;
    for (size_t i = 0; i < count; i++, pixel += 3, output += 3)
        for (int channel = 0; channel < 3; channel++)
            output[channel] = table->value[channel][pixel[channel]];
}
