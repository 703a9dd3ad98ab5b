/* From an image file to its score, stage by stage. */
#include "api/benchmark/measure.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/encode_jpeg.h"

typedef struct scoring {
    const dn_detector *detector;
    dn_engine *engine;
    uint8_t *file; /* a JPEG */
    size_t file_size;
    dn_image decoded, prepared;
    dn_normalization normalization;
    float
        *views; /* [rotations up to a batch][height][width][3]: floats, or pixels in their place */
    dn_scorer few; /* at the rotations of a map */
    dn_localizer *localizer;
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
    return dn_extractor_prepare(self->engine->extractor, &self->decoded, &self->prepared, error);
}

static void rotate_range(void *context, size_t begin, size_t end) {
    const scoring *self = context;
    size_t pixels = dn_extractor_image_bytes(self->engine->extractor);
    for (size_t i = begin; i < end; i++) {
        double degrees = (double)i * 360.0 / self->engine->scorer.rotations;
        float *view = self->views + i % DN_EXTRACTOR_BATCH * pixels;
        dn_image turned = {.width = self->prepared.width,
                           .height = self->prepared.height,
                           .pixels = (uint8_t *)view};
        if (dn_extractor_is_exact(self->engine->extractor))
            dn_image_rotate_normalize(&self->prepared, degrees, &self->normalization, view);
        else
            dn_image_rotate(&self->prepared, degrees, &turned);
    }
}

/* A batch after the other, as the extractor does. */
static dn_status rotate(void *context, dn_error *error) {
    const scoring *self = context;
    int rotations = self->engine->scorer.rotations;
    (void)error;
    for (int done = 0; done < rotations; done += DN_EXTRACTOR_BATCH) {
        int left = rotations - done, count = left < DN_EXTRACTOR_BATCH ? left : DN_EXTRACTOR_BATCH;
        dn_parallel_for(self->engine->compute.threads, (size_t)count, 1, rotate_range, context);
    }
    return DN_OK;
}

static dn_status flow(void *context, dn_error *error) {
    const scoring *self = context;
    dn_score score;
    return dn_scorer_score(&self->engine->scorer, self->detector->parameters,
                           self->engine->features, &score, error);
}

static dn_status image(void *context, dn_error *error) {
    scoring *self = context;
    dn_score score;
    DN_TRY(decode(self, error));
    return dn_engine_score(self->engine, self->detector, &self->decoded, &score, error);
}

static dn_status map(void *context, dn_error *error) {
    const scoring *self = context;
    return dn_localizer_run(self->localizer, self->detector->parameters, &self->prepared,
                            self->engine->features, self->map, error);
}

/* ---- preparing ---- */

static dn_status draw_file(scoring *self, dn_error *error) {
    dn_image picture = {0};
    DN_TRY(dn_draw_picture(DN_BENCHMARK_PICTURE, DN_BENCHMARK_PICTURE, &picture, error));
    dn_status status = dn_image_encode_jpeg(&picture, 90, &self->file, &self->file_size, error);
    dn_image_free(&picture);
    return status;
}

static dn_status prepare_map(scoring *self, int rotations, dn_error *error) {
    const dn_engine *engine = self->engine;
    const int *size = self->detector->config->img_size;
    DN_TRY(dn_scorer_create(engine->extractor, engine->flow, engine->scorer.rows, rotations,
                            engine->scorer.dimensions, &self->few, error));
    DN_TRY(dn_localizer_create(&engine->compute, &self->few, &self->detector->flow, size[1],
                               size[0], &self->localizer, error));
    return dn_allocate_floats(&self->map, (size_t)size[0] * (size_t)size[1], error);
}

/* ---- measuring ---- */

/* What predict does, in the memory that predict takes; the parts after it need more. */
static dn_status time_image(scoring *self, dn_benchmark_run *run, dn_error *error) {
    DN_TRY(draw_file(self, error));
    DN_TRY(dn_time(image, self, &run->image, error));
    run->score_mib = dn_peak_memory();
    return DN_OK;
}

static dn_status time_stages(scoring *self, dn_benchmark_run *run, dn_error *error) {
    const dn_config *config = self->detector->config;
    size_t pixels = dn_extractor_image_bytes(self->engine->extractor);
    dn_normalization_init(&self->normalization, config->norm_mean, config->norm_std);
    DN_TRY(dn_allocate_floats(&self->views, DN_EXTRACTOR_BATCH * pixels, error));
    DN_TRY(dn_time(decode, self, &run->decode, error));
    DN_TRY(dn_time(resize, self, &run->resize, error));
    DN_TRY(dn_time(rotate, self, &run->rotate, error));
    DN_TRY(dn_time(flow, self, &run->flow, error)); /* of the features that time_image left */
    return dn_measure_backbone(self->detector, &self->engine->compute, run, error);
}

static dn_status time_map(scoring *self, int rotations, dn_benchmark_run *run, dn_error *error) {
    DN_TRY(prepare_map(self, rotations, error));
    DN_TRY(dn_time(map, self, &run->map, error));
    run->map_ratio = run->map / rotations / (run->image / self->engine->scorer.rotations);
    return DN_OK;
}

static void release_scoring(scoring *self) {
    dn_localizer_destroy(self->localizer);
    dn_scorer_destroy(&self->few);
    dn_engine_destroy(self->engine);
    dn_image_free(&self->decoded);
    dn_image_free(&self->prepared);
    dn_release(self->file);
    dn_release(self->views);
    dn_release(self->map);
}

dn_status dn_measure_scoring(const dn_detector *detector, int rotations, int map_rotations,
                             dn_benchmark_run *run, dn_error *error) {
    scoring self = {.detector = detector};
    dn_status status = dn_engine_create(detector, detector->config->compute, run->precision,
                                        run->threads, rotations, &self.engine, error);
    if (status == DN_OK)
        status = time_image(&self, run, error);
    if (status == DN_OK)
        status = time_stages(&self, run, error);
    if (status == DN_OK)
        status = time_map(&self, map_rotations, run, error);
    release_scoring(&self);
    return status;
}
