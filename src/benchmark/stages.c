/* From an image file to its score, stage by stage. */
#include "base/memory.h"
#include "base/parallel.h"
#include "benchmark/measure.h"
#include "image/encode/encode.h"

#include <stdio.h>

typedef struct scoring {
    const dn_detector *detector;
    dn_inspector *inspector; /* at all rotations */
    dn_inspector *mapper;    /* at the rotations of a map */
    uint8_t *file;           /* a JPEG */
    size_t file_size;
    dn_image decoded, prepared;
    dn_normalization normalization;
    float
        *views; /* [rotations up to a batch][height][width][3]: floats, or pixels in their place */
    float *map;
} scoring;

/* ---- what is timed ---- */

static dn_status decode(void *context, dn_error *error) {
    scoring *self = context;
    dn_image_free(&self->decoded);
    return dn_image_decode(self->file, self->file_size, "picture", NULL, &self->decoded, error);
}

static dn_status resize(void *context, dn_error *error) {
    scoring *self = context;
    dn_image_free(&self->prepared);
    return dn_extractor_prepare(self->inspector->scorer.extractor, &self->decoded, &self->prepared,
                                error);
}

static void rotate_range(void *context, size_t begin, size_t end) {
    const scoring *self = context;
    size_t pixels = dn_extractor_image_bytes(self->inspector->scorer.extractor);
    for (size_t i = begin; i < end; i++) {
        double degrees = (double)i * 360.0 / self->inspector->scorer.rotations;
        float *view = self->views + i % DN_EXTRACTOR_BATCH * pixels;
        dn_image turned = {.width = self->prepared.width,
                           .height = self->prepared.height,
                           .pixels = (uint8_t *)view};
        if (dn_extractor_is_exact(self->inspector->scorer.extractor))
            dn_image_rotate_normalize(&self->prepared, degrees, &self->normalization, view);
        else
            dn_image_rotate(&self->prepared, degrees, &turned);
    }
}

/* Batch by batch, as the extractor does it. */
static dn_status rotate(void *context, dn_error *error) {
    const scoring *self = context;
    int rotations = self->inspector->scorer.rotations;
    (void)error;
    for (int done = 0; done < rotations; done += DN_EXTRACTOR_BATCH) {
        int left = rotations - done, count = left < DN_EXTRACTOR_BATCH ? left : DN_EXTRACTOR_BATCH;
        dn_parallel_for(self->inspector->compute->threads, (size_t)count, 1, rotate_range, context);
    }
    return DN_OK;
}

static dn_status flow(void *context, dn_error *error) {
    const scoring *self = context;
    dn_score score;
    return dn_inspector_score_features(self->inspector, self->inspector->features, &score, error);
}

static dn_status image(void *context, dn_error *error) {
    scoring *self = context;
    dn_score score;
    DN_TRY(decode(self, error));
    return dn_inspector_score(self->inspector, &self->decoded, &score, error);
}

static dn_status map(void *context, dn_error *error) {
    const scoring *self = context;
    return dn_inspector_localize(self->mapper, &self->prepared, self->map, error);
}

/* ---- preparing ---- */

static dn_status draw_file(scoring *self, dn_error *error) {
    dn_image picture = {0};
    DN_TRY(dn_draw_picture(DN_BENCHMARK_PICTURE, DN_BENCHMARK_PICTURE, &picture, error));
    dn_status status = dn_image_encode_jpeg(&picture, 90, &self->file, &self->file_size, error);
    dn_image_free(&picture);
    return status;
}

static dn_status open_inspector(const dn_detector *detector, const dn_benchmark_run *run,
                                int rotations, dn_inspector **inspector, dn_error *error) {
    dn_inspector_options options = {
        .precision = run->precision, .threads = run->threads, .rotations = rotations};
    snprintf(options.compute, sizeof options.compute, "%s", detector->config->compute);
    DN_TRY(dn_inspector_open(detector, &options, inspector, error));
    dn_inspector_set_parameters(*inspector, detector->parameters, detector->bf16);
    return DN_OK;
}

/* ---- measuring ---- */

/* The whole of predict comes first: the peak memory is read before the other stages allocate. */
static dn_status time_image(scoring *self, dn_benchmark_run *run, dn_error *error) {
    DN_TRY(draw_file(self, error));
    DN_TRY(dn_time(image, self, &run->image, error));
    run->score_mib = dn_peak_memory();
    return DN_OK;
}

static dn_status time_stages(scoring *self, dn_benchmark_run *run, dn_error *error) {
    const dn_config *config = self->detector->config;
    size_t pixels = dn_extractor_image_bytes(self->inspector->scorer.extractor);
    dn_normalization_init(&self->normalization, config->norm_mean, config->norm_std);
    DN_TRY(dn_allocate_floats(&self->views, DN_EXTRACTOR_BATCH * pixels, error));
    DN_TRY(dn_time(decode, self, &run->decode, error));
    DN_TRY(dn_time(resize, self, &run->resize, error));
    DN_TRY(dn_time(rotate, self, &run->rotate, error));
    DN_TRY(dn_time(flow, self, &run->flow, error)); /* of the features from time_image */
    return dn_measure_backbone(self->detector, self->inspector->compute, run, error);
}

static dn_status time_map(scoring *self, int rotations, dn_benchmark_run *run, dn_error *error) {
    const int *size = self->detector->config->img_size;
    DN_TRY(open_inspector(self->detector, run, rotations, &self->mapper, error));
    DN_TRY(dn_allocate_floats(&self->map, (size_t)size[0] * (size_t)size[1], error));
    DN_TRY(dn_time(map, self, &run->map, error));
    run->map_ratio = run->map / rotations / (run->image / self->inspector->scorer.rotations);
    return DN_OK;
}

static void release_scoring(scoring *self) {
    dn_inspector_destroy(self->mapper);
    dn_inspector_destroy(self->inspector);
    dn_image_free(&self->decoded);
    dn_image_free(&self->prepared);
    dn_release(self->file);
    dn_release(self->views);
    dn_release(self->map);
}

dn_status dn_measure_scoring(const dn_detector *detector, int rotations, int map_rotations,
                             dn_benchmark_run *run, dn_error *error) {
    scoring self = {.detector = detector};
    dn_status status = open_inspector(detector, run, rotations, &self.inspector, error);
    if (status == DN_OK)
        status = time_image(&self, run, error);
    if (status == DN_OK)
        status = time_stages(&self, run, error);
    if (status == DN_OK)
        status = time_map(&self, map_rotations, run, error);
    release_scoring(&self);
    return status;
}
