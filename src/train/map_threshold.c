#include "train/map_threshold.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct map_run {
    const dn_config *config;
    const dn_extractor *extractor;
    const float *parameters;
    dn_localizer *localizer;
    float *features, *map;
    double peaks[DN_MAP_CALIBRATION_IMAGES];
    size_t count;
} map_run;

static size_t pixels_of(const dn_config *config) {
    return (size_t)config->img_size[0] * (size_t)config->img_size[1];
}

/* The largest value of one image's map. */
static dn_status add_peak(map_run *self, const dn_sample *sample, dn_error *error) {
    dn_image image = {0};
    dn_error failure;
    float peak = 0;
    dn_status status = dn_extractor_read(self->extractor, sample->path, &image, &failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure.message);
    if (status != DN_OK)
        return DN_OK; /* the evaluation has reported it */
    status = dn_localizer_run(self->localizer, self->parameters, &image, self->features, self->map,
                              error);
    dn_image_free(&image);
    DN_TRY(status);
    for (size_t i = 0; i < pixels_of(self->config); i++)
        peak = self->map[i] > peak ? self->map[i] : peak;
    self->peaks[self->count++] = (double)peak;
    return DN_OK;
}

static int compare_doubles(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/* The k-th smallest of n, k = ceil((n + 1) (1 - rate)), at most the largest. */
static double quantile(map_run *self, double rate) {
    if (self->count == 0)
        return NAN;
    qsort(self->peaks, self->count, sizeof *self->peaks, compare_doubles);
    double place = ceil(((double)self->count + 1) * (1 - rate) - 1e-9);
    size_t k = place < 1 ? 1 : (size_t)place;
    double value = self->peaks[(k < self->count ? k : self->count) - 1];
    return value > 0 ? value : NAN;
}

static dn_status run_maps(map_run *self, const dn_sample *samples, size_t count, dn_error *error) {
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
                            const dn_compute *compute, dn_scorer *scorer,
                            const dn_flow_shape *shape, const dn_config *config,
                            const float *parameters, dn_error *error) {
    map_run self = {.config = config, .extractor = scorer->extractor, .parameters = parameters};
    size_t features = (size_t)scorer->rotations * (size_t)scorer->dimensions;
    dn_status status = dn_localizer_create(compute, scorer, shape, config->img_size[1],
                                           config->img_size[0], &self.localizer, error);
    if (status == DN_OK)
        status = dn_allocate_floats(&self.features, features, error);
    if (status == DN_OK)
        status = dn_allocate_floats(&self.map, pixels_of(config), error);
    if (status == DN_OK)
        status = run_maps(&self, samples, count, error);
    if (status == DN_OK)
        calibration->map_threshold = quantile(&self, calibration->request.review_rate);
    dn_localizer_destroy(self.localizer);
    dn_release(self.features);
    dn_release(self.map);
    return status;
}
