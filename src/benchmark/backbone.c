/* The backbone at each scale by itself. */
#include "base/memory.h"
#include "benchmark/measure.h"

#include <string.h>

/* AlexNet at one size, in f32 or below. */
typedef struct alone {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_backbone *exact;
    dn_narrow *narrow;
    float *features;
} alone;

static dn_status forward(void *context, dn_error *error) {
    const alone *self = context;
    if (self->narrow)
        return dn_narrow_forward(self->narrow, self->features, NULL, self->shape.batch, error);
    return dn_backbone_forward(self->exact, self->features, NULL, self->shape.batch, error);
}

static size_t numbers_of(const alone *self) {
    return (size_t)self->shape.batch * (size_t)self->shape.height * (size_t)self->shape.width * 3;
}

static dn_status create_exact(alone *self, const dn_detector *detector, dn_error *error) {
    DN_TRY(
        dn_backbone_create(self->compute, &detector->backbone, &self->shape, &self->exact, error));
    float *input = dn_backbone_input(self->exact);
    for (size_t i = 0; i < numbers_of(self); i++)
        input[i] = (float)(i / 97 % 29) / 29 - 0.5F;
    return DN_OK;
}

static dn_status create_narrow(alone *self, const dn_detector *detector, int scale,
                               dn_error *error) {
    const dn_config *config = detector->config;
    dn_backbone_steps steps = {.known = 1};
    dn_narrow_options options = dn_narrow_options_of(config, DN_ELEMENT_BF16);
    memcpy(steps.step[0], detector->backbone.steps.step[scale], sizeof steps.step[0]);
    if (self->compute->precision == DN_PRECISION_INT8) {
        options.element = DN_ELEMENT_U8;
        options.steps = &steps;
    }
    DN_TRY(dn_narrow_create(self->compute, &detector->backbone, &self->shape, &options,
                            &self->narrow, error));
    for (size_t i = 0; i < numbers_of(self); i++)
        dn_narrow_pixels(self->narrow)[i] = (uint8_t)(i / 97 * 31 % 251);
    return DN_OK;
}

static dn_status measure_scale(alone *self, const dn_detector *detector, int scale, double *view,
                               dn_error *error) {
    size_t values = (size_t)self->shape.batch * DN_BACKBONE_CHANNELS;
    double milliseconds;
    DN_TRY(dn_allocate_floats(&self->features, values, error));
    if (self->compute->precision == DN_PRECISION_F32)
        DN_TRY(create_exact(self, detector, error));
    else
        DN_TRY(create_narrow(self, detector, scale, error));
    DN_TRY(dn_time(forward, self, &milliseconds, error));
    *view = milliseconds / self->shape.batch;
    return DN_OK;
}

/* The smaller scales are square, as the backbone makes them. */
static dn_backbone_shape shape_of(const dn_config *config, int scale) {
    const int *size = config->img_size;
    return (dn_backbone_shape){.height = size[0] >> scale,
                               .width = scale == 0 ? size[1] : size[0] >> scale,
                               .scales = 1,
                               .batch = DN_EXTRACTOR_BATCH};
}

dn_status dn_measure_backbone(const dn_detector *detector, const dn_compute *compute,
                              dn_benchmark_run *run, dn_error *error) {
    for (int scale = 0; scale < detector->config->n_scales; scale++) {
        alone self = {.compute = compute, .shape = shape_of(detector->config, scale)};
        dn_status status = measure_scale(&self, detector, scale, &run->backbone[scale], error);
        dn_backbone_destroy(self.exact);
        dn_narrow_destroy(self.narrow);
        dn_release(self.features);
        DN_TRY(status);
    }
    return DN_OK;
}
