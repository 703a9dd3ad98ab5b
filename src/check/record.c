#include "check/record.h"

#include "base/file.h"
#include "base/memory.h"
#include "image/image.h"

#include <stdio.h>
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
    dn_status status = read_image(sample->path, levels, &image, &record->kind, &error);
    if (status == DN_OK)
        status = dn_image_measure(&image, NULL, record->values, &error);
    if (status == DN_OK) {
        record->depth = image.depth;
        record->width = image.width;
        record->height = image.height;
        digest_pixels(&image, record->digest);
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
