#include "check/record.h"

#include "base/file.h"
#include "base/memory.h"
#include "image/image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL if memory is short: the state beside it says enough. */
static char *keep(const char *message) {
    char *copy;
    if (dn_copy_text(&copy, message, NULL) != DN_OK)
        return NULL;
    return copy;
}

static void digest_pixels(const dn_image *image, char digest[DN_DIGEST_LENGTH + 1]) {
    char size[32];
    dn_digest *running;
    if (dn_digest_begin(&running, NULL) != DN_OK)
        return;
    int length = snprintf(size, sizeof size, "%d x %d:", image->width, image->height);
    dn_digest_add(running, size, (size_t)length);
    dn_digest_add(running, image->pixels, (size_t)image->width * (size_t)image->height * 3);
    dn_digest_end(running, digest);
}

/* Converts the pixels to grey in place, at the front of their memory. Returns the mean difference
 * between a pixel's largest and smallest channel. */
static double make_grey(dn_image *image) {
    size_t count = (size_t)image->width * (size_t)image->height;
    uint64_t spread = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *rgb = image->pixels + 3 * i;
        uint8_t high = rgb[0] > rgb[1] ? rgb[0] : rgb[1], low = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
        high = rgb[2] > high ? rgb[2] : high;
        low = rgb[2] < low ? rgb[2] : low;
        spread += (uint64_t)(high - low);
        image->pixels[i] = (uint8_t)((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8);
    }
    return (double)spread / (double)count;
}

static void measure_levels(const uint8_t *grey, size_t count, double *mean, double *deviation) {
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += grey[i];
        squares += (uint64_t)grey[i] * grey[i];
    }
    *mean = (double)sum / (double)count;
    *deviation = sqrt(fmax((double)squares / (double)count - *mean * *mean, 0));
}

static double measure_sharpness(const uint8_t *grey, size_t width, size_t height) {
    uint64_t sum = 0;
    if (width < 3 || height < 3)
        return 0;
    for (size_t y = 1; y + 1 < height; y++) {
        const uint8_t *row = grey + y * width;
        for (size_t x = 1; x + 1 < width; x++)
            sum += (uint64_t)abs(4 * row[x] - row[x - 1] - row[x + 1] - row[x - width] -
                                 row[x + width]);
    }
    return (double)sum / (double)((width - 2) * (height - 2));
}

static void measure_image(dn_image *image, double values[DN_PROPERTIES]) {
    size_t width = (size_t)image->width, height = (size_t)image->height;
    values[DN_PROPERTY_SIZE] = (double)width * (double)height;
    values[DN_PROPERTY_ASPECT] = (double)width / (double)height;
    values[DN_PROPERTY_COLOUR] = make_grey(image);
    measure_levels(image->pixels, width * height, &values[DN_PROPERTY_BRIGHTNESS],
                   &values[DN_PROPERTY_CONTRAST]);
    values[DN_PROPERTY_SHARPNESS] = measure_sharpness(image->pixels, width, height);
}

static dn_status read_image(const char *path, const dn_levels *levels, dn_image *image,
                            dn_image_kind *kind, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    DN_TRY(dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    *kind = dn_image_kind_of(bytes, size);
    dn_status status = dn_image_decode(bytes, size, path, levels, image, error);
    dn_release(bytes);
    return status;
}

/* Values of a mask's pixels, each by its largest channel: whether all are 0, and how many others
 * there are besides the largest. */
static size_t count_mask_values(const dn_image *mask, int *is_empty) {
    uint8_t seen[256] = {0};
    size_t others = 0;
    int largest = 255;
    for (size_t i = 0; i < (size_t)mask->width * (size_t)mask->height; i++) {
        const uint8_t *rgb = mask->pixels + 3 * i;
        uint8_t most = rgb[0] > rgb[1] ? rgb[0] : rgb[1];
        seen[most > rgb[2] ? most : rgb[2]] = 1;
    }
    while (largest > 0 && !seen[largest])
        largest--;
    for (int value = 1; value < largest; value++)
        others += seen[value];
    *is_empty = largest == 0;
    return others;
}

static void compare_mask(const dn_image *mask, dn_record *record) {
    char detail[128];
    int is_empty;
    size_t others = count_mask_values(mask, &is_empty);
    record->mask = is_empty ? DN_MASK_EMPTY : others > 0 ? DN_MASK_GREY : DN_MASK_FITS;
    snprintf(detail, sizeof detail, "%zu value(s) between 0 and the largest", others);
    if (dn_record_readable(record) &&
        (mask->width != record->width || mask->height != record->height)) {
        record->mask = DN_MASK_OTHER_SIZE;
        snprintf(detail, sizeof detail, "the mask is %d x %d, the image %d x %d", mask->width,
                 mask->height, record->width, record->height);
    }
    if (record->mask == DN_MASK_OTHER_SIZE || record->mask == DN_MASK_GREY)
        record->mask_detail = keep(detail);
}

static void look_at_mask(const char *path, dn_record *record) {
    dn_image mask = {0};
    dn_error error;
    if (!path)
        return;
    if (dn_image_read(path, NULL, &mask, &error) == DN_OK) {
        compare_mask(&mask, record);
    } else {
        record->mask = DN_MASK_UNREADABLE;
        record->mask_detail = keep(error.message);
    }
    dn_image_free(&mask);
}

void dn_record_fill(const dn_sample *sample, const dn_levels *levels, dn_record *record) {
    dn_image image = {0};
    dn_error error;
    *record = (dn_record){.kind = {.format = "", .mode = ""}};
    if (read_image(sample->path, levels, &image, &record->kind, &error) == DN_OK) {
        record->depth = image.depth;
        record->width = image.width;
        record->height = image.height;
        digest_pixels(&image, record->digest);
        measure_image(&image, record->values);
    } else {
        record->failure = keep(error.message);
    }
    dn_image_free(&image);
    look_at_mask(sample->mask_path, record);
}

void dn_record_clear(dn_record *record) {
    dn_release(record->failure);
    dn_release(record->mask_detail);
    *record = (dn_record){0};
}
