/* The backbone at each scale by itself. */
#include "base/memory.h"
#include "benchmark/measure.h"

#include <string.h>

/* The network at one size. */
typedef struct alone {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_backbone *backbone;
    float *features;
} alone;

static dn_status forward(void *context, dn_error *error) {
    const alone *self = context;
    return dn_backbone_forward(self->backbone, self->features, NULL, self->shape.batch, error);
}

static void fill_input(const alone *self) {
    float *numbers = dn_backbone_input(self->backbone);
    uint8_t *pixels = dn_backbone_input_pixels(self->backbone);
    size_t count = (size_t)self->shape.batch * dn_backbone_pixel_count(&self->shape, 0) * 3;
    for (size_t i = 0; i < count; i++)
        if (numbers)
            numbers[i] = (float)(i / 97 % 29) / 29 - 0.5F;
        else
            pixels[i] = (uint8_t)(i / 97 * 31 % 251);
}

static dn_status create_alone(alone *self, const dn_detector *detector, int scale,
                              dn_error *error) {
    const dn_backbone_weights *weights = &detector->backbone;
    int is_int8 = self->compute->precision == DN_PRECISION_INT8;
    dn_backbone_steps steps = {.known = 1};
    dn_backbone_pixels pixels =
        dn_backbone_pixels_of(detector->config, is_int8 ? DN_ELEMENT_U8 : DN_ELEMENT_BF16);
    memcpy(steps.step[0], weights->steps.step[scale], sizeof steps.step[0]);
    pixels.steps = is_int8 ? &steps : NULL;
    return dn_backbone_create(self->compute, weights, &self->shape,
                              self->compute->precision == DN_PRECISION_F32 ? NULL : &pixels,
                              &self->backbone, error);
}

static dn_status measure_scale(alone *self, const dn_detector *detector, int scale, double *view,
                               dn_error *error) {
    size_t values = (size_t)self->shape.batch * (size_t)dn_backbone_features(&self->shape);
    double milliseconds;
    DN_TRY(dn_allocate_floats(&self->features, values, error));
    DN_TRY(create_alone(self, detector, scale, error));
    fill_input(self);
    DN_TRY(dn_time(forward, self, &milliseconds, error));
    *view = milliseconds / self->shape.batch;
    return DN_OK;
}

/* The smaller scales are square, as the backbone makes them. */
static dn_backbone_shape shape_of(const dn_detector *detector, const dn_compute *compute,
                                  int scale) {
    dn_backbone_shape shape = dn_backbone_shape_of(detector->config, detector->backbone.network,
                                                   DN_EXTRACTOR_BATCH, compute->threads);
    shape.width = scale == 0 ? shape.width : shape.height >> scale;
    shape.height >>= scale;
    shape.scales = 1;
    return shape;
}

dn_status dn_measure_backbone(const dn_detector *detector, const dn_compute *compute,
                              dn_benchmark_run *run, dn_error *error) {
    for (int scale = 0; scale < detector->config->n_scales; scale++) {
        alone self = {.compute = compute, .shape = shape_of(detector, compute, scale)};
        dn_status status = measure_scale(&self, detector, scale, &run->backbone[scale], error);
        dn_backbone_destroy(self.backbone);
        dn_release(self.features);
        DN_TRY(status);
    }
    return DN_OK;
}
