#include "image/formats/raster.h"

#include "base/memory.h"
#include "image/formats/decode.h"

#include <math.h>

static size_t sample_count(const dn_raster *raster) {
    return (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels;
}

static size_t sample_size(const dn_raster *raster) {
    static const size_t sizes[] = {1, sizeof(uint16_t), sizeof(float)};
    return sizes[raster->type];
}

dn_status dn_raster_allocate(dn_raster *raster, dn_error *error) {
    return dn_allocate(&raster->samples, sample_count(raster), sample_size(raster), error);
}

dn_status dn_decode_allocate(const dn_bytes *file, const char *format, uint64_t width,
                             uint64_t height, dn_raster *raster, dn_error *error) {
    if (width == 0 || height == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is a %s of %llu x %llu pixels: it is empty",
                       file->name, format, (unsigned long long)width, (unsigned long long)height);
    if (width > DN_IMAGE_MAX_SIDE || height > DN_IMAGE_MAX_SIDE ||
        width * height > DN_IMAGE_MAX_PIXELS)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a %s of %llu x %llu pixels: the limit is %d a side and %d in all",
                       file->name, format, (unsigned long long)width, (unsigned long long)height,
                       DN_IMAGE_MAX_SIDE, DN_IMAGE_MAX_PIXELS);
    raster->width = (int)width;
    raster->height = (int)height;
    if (raster->type == DN_SAMPLES_RGB8) {
        raster->channels = 3;
        raster->bits = raster->bits ? raster->bits : 8;
    }
    return dn_raster_allocate(raster, error);
}

void dn_raster_free(dn_raster *raster) {
    dn_release(raster->samples);
    *raster = (dn_raster){0};
}

static void extremes_of_u16(const uint16_t *samples, size_t count, double *lowest,
                            double *highest) {
    uint16_t least = samples[0], most = samples[0];
    for (size_t i = 1; i < count; i++) {
        least = samples[i] < least ? samples[i] : least;
        most = samples[i] > most ? samples[i] : most;
    }
    *lowest = least;
    *highest = most;
}

static void extremes_of_f32(const float *samples, size_t count, double *lowest, double *highest) {
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(samples[i]))
            continue;
        least = samples[i] < least ? samples[i] : least;
        most = samples[i] > most ? samples[i] : most;
    }
    *lowest = least <= most ? least : 0;
    *highest = least <= most ? most : 0;
}

void dn_raster_extremes(const dn_raster *raster, double *lowest, double *highest) {
    if (raster->type == DN_SAMPLES_U16)
        extremes_of_u16(raster->samples, sample_count(raster), lowest, highest);
    else
        extremes_of_f32(raster->samples, sample_count(raster), lowest, highest);
}

static double sample_at(const dn_raster *raster, size_t index) {
    if (raster->type == DN_SAMPLES_U16)
        return ((const uint16_t *)raster->samples)[index];
    return (double)((const float *)raster->samples)[index];
}

void dn_raster_count(const dn_raster *raster, dn_sample_range range, uint64_t *histogram,
                     size_t bins) {
    double scale = (double)bins / (range.white - range.black), last = (double)(bins - 1);
    for (size_t i = 0; i < sample_count(raster); i++) {
        double bin = (sample_at(raster, i) - range.black) * scale;
        if (!isnan(bin))
            histogram[(size_t)fmin(fmax(bin, 0), last)]++;
    }
}

double dn_raster_outside(const dn_raster *raster, dn_sample_range range) {
    size_t count = sample_count(raster), inside = 0;
    for (size_t i = 0; i < count; i++) {
        double value = sample_at(raster, i);
        inside += value >= range.black && value <= range.white;
    }
    return (double)(count - inside) / (double)count;
}
