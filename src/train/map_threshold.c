#include "train/map_threshold.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct map_peaks {
    dn_inspector *inspector;
    float *map;
    size_t pixels, capacity; /* of the map */
    double peaks[DN_MAP_CALIBRATION_IMAGES];
    size_t count;
} map_peaks;

static dn_status make_room(map_peaks *self, const dn_image *picture, dn_error *error) {
    int width, height;
    void *map = self->map;
    dn_inspector_map_extents(self->inspector, picture, &width, &height);
    self->pixels = (size_t)width * (size_t)height;
    DN_TRY(dn_grow(&map, &self->capacity, self->pixels, sizeof(float), error));
    self->map = map;
    return DN_OK;
}

/* The largest value of one image's map. */
static dn_status add_peak(map_peaks *self, const dn_sample *sample, dn_error *error) {
    dn_image picture = {0};
    dn_error failure;
    float peak = 0;
    dn_status status = dn_image_read(
        sample->path, dn_extractor_levels(self->inspector->scorer.extractor), &picture, &failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure.message);
    if (status != DN_OK)
        return DN_OK; /* the evaluation has reported it */
    status = make_room(self, &picture, error);
    if (status == DN_OK)
        status = dn_inspector_localize(self->inspector, &picture, self->map, error);
    dn_image_free(&picture);
    DN_TRY(status);
    for (size_t i = 0; i < self->pixels; i++)
        peak = self->map[i] > peak ? self->map[i] : peak;
    self->peaks[self->count++] = (double)peak;
    return DN_OK;
}

static int compare_doubles(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/* The k-th smallest of n, k = ceil((n + 1) (1 - rate)), at most the largest. */
static double quantile(map_peaks *self, double rate) {
    if (self->count == 0)
        return NAN;
    qsort(self->peaks, self->count, sizeof *self->peaks, compare_doubles);
    double place = ceil(((double)self->count + 1) * (1 - rate) - 1e-9);
    size_t k = place < 1 ? 1 : (size_t)place;
    double value = self->peaks[(k < self->count ? k : self->count) - 1];
    return value > 0 ? value : NAN;
}

static dn_status add_peaks(map_peaks *self, const dn_sample *samples, size_t count,
                           dn_error *error) {
    size_t good = 0, seen = 0;
    for (size_t i = 0; i < count; i++)
        good += samples[i].label == 0;
    size_t wanted = good < DN_MAP_CALIBRATION_IMAGES ? good : DN_MAP_CALIBRATION_IMAGES;
    for (size_t i = 0; i < count; i++) {
        if (samples[i].label != 0)
            continue;
        /* Takes image number `seen` of `good` where the share of taken images grows by one. */
        if ((seen + 1) * wanted / good > seen * wanted / good)
            DN_TRY(add_peak(self, &samples[i], error));
        seen++;
    }
    return DN_OK;
}

dn_status dn_calibrate_maps(dn_calibration *calibration, const dn_sample *samples, size_t count,
                            dn_inspector *inspector, dn_error *error) {
    if (dn_inspector_maps_places(inspector)) { /* the calibration has the largest values */
        calibration->map_threshold =
            dn_place_threshold(inspector->places.model, calibration->places,
                               calibration->places_count, calibration->request.review_rate);
        return DN_OK;
    }
    map_peaks self = {.inspector = inspector};
    dn_status status = add_peaks(&self, samples, count, error);
    if (status == DN_OK)
        calibration->map_threshold = quantile(&self, calibration->request.review_rate);
    dn_release(self.map);
    return status;
}
