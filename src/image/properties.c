#include "image/properties.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct scale {
    const char *name;
    int is_ratio; /* compared as log2 */
    double floor; /* grey levels, or log2 of a ratio */
    int decimals;
    double largest; /* possible value */
} SCALES[DN_PROPERTIES] = {
    [DN_PROPERTY_SIZE] = {"size", 1, 0.14, 0, INFINITY}, /* a tenth */
    [DN_PROPERTY_ASPECT] = {"aspect", 1, 0.03, 3, INFINITY},
    [DN_PROPERTY_BRIGHTNESS] = {"brightness", 0, 8, 1, 255},
    [DN_PROPERTY_CONTRAST] = {"contrast", 0, 6, 1, 127.5},
    [DN_PROPERTY_COLOUR] = {"colour", 0, 8, 1, 255},
    [DN_PROPERTY_SHARPNESS] = {"sharpness", 1, 1, 2, 4 * 255}, /* half or double */
};

static const double LEAST_SHARPNESS = 2; /* grey levels: below is noise */

const char *dn_property_name(dn_property property) {
    return SCALES[property].name;
}

int dn_property_decimals(dn_property property) {
    return SCALES[property].decimals;
}

double dn_property_floor(dn_property property) {
    return SCALES[property].floor;
}

double dn_property_largest(dn_property property) {
    return SCALES[property].largest;
}

double dn_property_to_scale(dn_property property, double value) {
    if (property == DN_PROPERTY_SHARPNESS)
        value += LEAST_SHARPNESS;
    return SCALES[property].is_ratio ? log2(value) : value;
}

double dn_property_from_scale(dn_property property, double value) {
    if (SCALES[property].is_ratio)
        value = exp2(value);
    return property == DN_PROPERTY_SHARPNESS ? fmax(value - LEAST_SHARPNESS, 0) : value;
}

typedef struct sums {
    uint64_t grey, squares, spread, edges;
} sums;

/* Writes the grey values of a row of `width` pixels. */
static void add_row(const uint8_t *rgb, size_t width, uint8_t *grey, sums *total) {
    uint64_t sum = 0, squares = 0, spread = 0;
    for (size_t x = 0; x < width; x++, rgb += 3) {
        uint8_t high = rgb[0] > rgb[1] ? rgb[0] : rgb[1], low = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
        high = rgb[2] > high ? rgb[2] : high;
        low = rgb[2] < low ? rgb[2] : low;
        uint32_t value = (uint32_t)(77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8;
        grey[x] = (uint8_t)value;
        sum += value;
        squares += value * value;
        spread += (uint32_t)(high - low);
    }
    total->grey += sum;
    total->squares += squares;
    total->spread += spread;
}

static uint64_t edges_of(const uint8_t *above, const uint8_t *row, const uint8_t *below,
                         size_t width) {
    uint64_t sum = 0;
    for (size_t x = 1; x + 1 < width; x++)
        sum += (uint64_t)abs(4 * row[x] - row[x - 1] - row[x + 1] - above[x] - below[x]);
    return sum;
}

/* Row y as it counts, in `room` [3 width] where it is painted: the picture itself stays as it is.
 */
static const uint8_t *counting_row(const dn_image *image, const dn_roi *roi, size_t y,
                                   uint8_t *room) {
    const uint8_t *row = image->pixels + 3 * y * (size_t)image->width;
    if (!dn_roi_limits(roi))
        return row;
    memcpy(room, row, 3 * (size_t)image->width);
    dn_roi_paint_row(roi, (int)y, image->width, image->height, room);
    return room;
}

/* rows: three rows of grey values, and a painted one. */
static void add_rows(const dn_image *image, const dn_roi *roi, uint8_t *rows, sums *total) {
    size_t width = (size_t)image->width, height = (size_t)image->height;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = counting_row(image, roi, y, rows + 3 * width);
        add_row(row, width, rows + y % 3 * width, total);
        if (y >= 2)
            total->edges += edges_of(rows + (y - 2) % 3 * width, rows + (y - 1) % 3 * width,
                                     rows + y % 3 * width, width);
    }
}

dn_status dn_image_measure(const dn_image *image, const dn_roi *roi, double values[DN_PROPERTIES],
                           dn_error *error) {
    double width = image->width, height = image->height, count = width * height;
    void *rows;
    sums total = {0};
    DN_TRY(dn_allocate(&rows, (size_t)image->width, 6, error));
    add_rows(image, roi, rows, &total);
    dn_release(rows);
    double mean = (double)total.grey / count;
    values[DN_PROPERTY_SIZE] = count;
    values[DN_PROPERTY_ASPECT] = width / height;
    values[DN_PROPERTY_BRIGHTNESS] = mean;
    values[DN_PROPERTY_CONTRAST] = sqrt(fmax((double)total.squares / count - mean * mean, 0));
    values[DN_PROPERTY_COLOUR] = (double)total.spread / count;
    values[DN_PROPERTY_SHARPNESS] =
        width < 3 || height < 3 ? 0 : (double)total.edges / ((width - 2) * (height - 2));
    return DN_OK;
}
