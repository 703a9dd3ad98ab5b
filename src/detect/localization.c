#include "detect/localization.h"

#include "base/memory.h"
#include "detect/features/views.h"
#include "image/transform/smooth.h"

#include <string.h>

struct dn_localizer {
    const dn_scorer *scorer;
    dn_flow *flow;
    dn_smoother *smoother;
    int width, height;
    int rows;                  /* views at once */
    uint8_t *gates;            /* [rows][gates of an image] */
    float *z, *dz, *dfeatures; /* [rows][dimensions] */
    float *log_det;            /* [rows] */
    float *gradient;           /* [DN_EXTRACTOR_BATCH][height][width][3] */
};

static size_t pixels_of(const dn_localizer *self) {
    return (size_t)self->width * (size_t)self->height;
}

int dn_localization_rows(size_t gates_of_view, int rows) {
    size_t fit = gates_of_view > 0 ? DN_LOCALIZATION_GATES / gates_of_view : (size_t)rows;
    return fit >= (size_t)rows ? rows : fit > 0 ? (int)fit : 1;
}

/* One tile's rotations at most. */
static int rows_of(const dn_scorer *scorer) {
    return scorer->rows < scorer->rotations ? scorer->rows : scorer->rotations;
}

static dn_status allocate_localizer(dn_localizer *self, dn_error *error) {
    const dn_scorer *scorer = self->scorer;
    void *gates;
    size_t gate_count = dn_extractor_gate_count(scorer->extractor);
    self->rows = dn_localization_rows(gate_count, rows_of(scorer));
    size_t rows = (size_t)self->rows, values = rows * (size_t)scorer->dimensions;
    DN_TRY(dn_allocate(&gates, rows, gate_count, error));
    self->gates = gates;
    DN_TRY(dn_allocate_floats(&self->z, values, error));
    DN_TRY(dn_allocate_floats(&self->dz, values, error));
    DN_TRY(dn_allocate_floats(&self->dfeatures, values, error));
    DN_TRY(dn_allocate_floats(&self->log_det, rows, error));
    return dn_allocate_floats(&self->gradient, DN_EXTRACTOR_BATCH * pixels_of(self) * 3, error);
}

dn_status dn_localizer_create(const dn_compute *compute, const dn_scorer *scorer,
                              const dn_flow_shape *shape, int width, int height,
                              dn_localizer **localizer, dn_error *error) {
    void *block;
    const dn_roi *roi = dn_extractor_input_roi(scorer->extractor);
    *localizer = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_localizer), error));
    dn_localizer *self = block;
    *self = (dn_localizer){.scorer = scorer, .width = width, .height = height};
    dn_status status = dn_extractor_prepare_gradients(scorer->extractor, error);
    if (status == DN_OK)
        status =
            dn_flow_create(compute, shape, rows_of(scorer), DN_FLOW_EXPLAIN, &self->flow, error);
    if (status == DN_OK)
        dn_flow_use_bf16(self->flow, dn_flow_bf16(scorer->flow));
    if (status == DN_OK)
        status = dn_smoother_create(width, height, DN_LOCALIZATION_SIGMA, roi ? roi->inside : NULL,
                                    compute->threads, &self->smoother, error);
    if (status == DN_OK)
        status = allocate_localizer(self, error);
    if (status == DN_OK)
        *localizer = self;
    else
        dn_localizer_destroy(self);
    return status;
}

void dn_localizer_destroy(dn_localizer *localizer) {
    if (!localizer)
        return;
    dn_flow_destroy(localizer->flow);
    dn_smoother_destroy(localizer->smoother);
    dn_release(localizer->gates);
    dn_release(localizer->z);
    dn_release(localizer->dz);
    dn_release(localizer->dfeatures);
    dn_release(localizer->log_det);
    dn_release(localizer->gradient);
    dn_release(localizer);
}

static int batch_of(int done, int total) {
    return total - done < DN_EXTRACTOR_BATCH ? total - done : DN_EXTRACTOR_BATCH;
}

static dn_views even_views(const dn_localizer *self) {
    return (dn_views){.kind = DN_VIEWS_EVEN, .count = self->scorer->rotations};
}

/* Features of rotations first .. first + rows, and the gates of their forward pass. */
static dn_status extract_features(dn_localizer *self, const dn_image *image, int first, int rows,
                                  float *features, dn_error *error) {
    const dn_scorer *scorer = self->scorer;
    size_t gates = dn_extractor_gate_count(scorer->extractor);
    const dn_views even = even_views(self);
    dn_view views[DN_EXTRACTOR_BATCH];
    for (int done = 0; done < rows; done += DN_EXTRACTOR_BATCH) {
        int count = batch_of(done, rows);
        DN_TRY(dn_check_cancel(scorer->cancel, error));
        for (int i = 0; i < count; i++)
            views[i] = dn_views_at(&even, NULL, image, first + done + i);
        DN_TRY(dn_extractor_run_keeping(scorer->extractor, views, count,
                                        features + (size_t)done * (size_t)scorer->dimensions,
                                        self->gates + (size_t)done * gates, error));
    }
    return DN_OK;
}

/* Gradient of the image's loss, a mean over all its rotations, at the features. */
static dn_status differentiate_loss(dn_localizer *self, const float *parameters,
                                    const float *features, int rows, dn_error *error) {
    const dn_scorer *scorer = self->scorer;
    float dlog_det, share = (float)rows / (float)scorer->rotations;
    DN_TRY(dn_check_cancel(scorer->cancel, error));
    DN_TRY(dn_flow_forward(self->flow, parameters, self->z, self->log_det, features, rows, NULL,
                           error));
    dn_flow_loss(self->dz, &dlog_det, self->z, self->log_det, rows, scorer->dimensions);
    for (size_t i = 0; i < (size_t)rows * (size_t)scorer->dimensions; i++)
        self->dz[i] *= share;
    return dn_flow_backward(self->flow, parameters, self->dfeatures, self->dz, dlog_det * share,
                            rows, NULL, NULL, error);
}

/* Adds the rotations' gradients at the pixels to the map. */
static dn_status add_gradients(dn_localizer *self, int first, int rows, float *map,
                               dn_error *error) {
    const dn_scorer *scorer = self->scorer;
    const dn_views even = even_views(self);
    size_t gates = dn_extractor_gate_count(scorer->extractor);
    for (int done = 0; done < rows; done += DN_EXTRACTOR_BATCH) {
        int count = batch_of(done, rows);
        DN_TRY(dn_check_cancel(scorer->cancel, error));
        DN_TRY(dn_extractor_backward(scorer->extractor, self->gradient,
                                     self->dfeatures + (size_t)done * (size_t)scorer->dimensions,
                                     self->gates + (size_t)done * gates, count, error));
        for (int i = 0; i < count; i++)
            dn_smoother_add(self->smoother, map, self->gradient + (size_t)i * pixels_of(self) * 3,
                            -dn_views_at(&even, NULL, NULL, first + done + i).degrees);
    }
    return DN_OK;
}

/* Divides the sums over rotations and channels; sets 0 outside the region of interest. */
static void finish_map(const dn_localizer *self, float *map) {
    const dn_roi *roi = dn_extractor_input_roi(self->scorer->extractor);
    for (size_t i = 0; i < pixels_of(self); i++)
        map[i] /= (float)(3 * self->scorer->rotations);
    for (size_t i = 0; roi && i < pixels_of(self); i++)
        map[i] = roi->inside[i] ? map[i] : 0;
}

dn_status dn_localizer_run(dn_localizer *localizer, const float *parameters, const dn_image *image,
                           float *features, float *map, dn_error *error) {
    const dn_scorer *scorer = localizer->scorer;
    memset(map, 0, pixels_of(localizer) * sizeof *map);
    for (int done = 0; done < scorer->rotations; done += localizer->rows) {
        int left = scorer->rotations - done, rows = left < localizer->rows ? left : localizer->rows;
        float *chunk = features + (size_t)done * (size_t)scorer->dimensions;
        DN_TRY(extract_features(localizer, image, done, rows, chunk, error));
        DN_TRY(differentiate_loss(localizer, parameters, chunk, rows, error));
        DN_TRY(add_gradients(localizer, done, rows, map, error));
    }
    finish_map(localizer, map);
    return DN_OK;
}
