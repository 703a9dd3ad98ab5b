/* Peak rates of this machine: products, convolutions, memory. */
#include "base/memory.h"
#include "base/parallel.h"
#include "benchmark/measure.h"

/* ---- products: linear_forward of 512 x 1024 by 1024 x 1024 ---- */

enum { ROWS = DN_BENCHMARK_PRODUCT_ROWS, SIDE = DN_BENCHMARK_PRODUCT_SIDE };

typedef struct product {
    const dn_compute *compute;
    float *x, *y, *w, *bias;
    uint16_t *bf16;
} product;

static dn_status multiply(void *context, dn_error *error) {
    const product *self = context;
    const dn_weights weights = {self->w, self->bf16};
    return self->compute->backend->linear_forward(self->compute->context, self->y, self->x, weights,
                                                  self->bias, ROWS, SIDE, SIDE, 0, error);
}

static void fill_values(float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(i % 17) / 17 - 0.5F;
}

static dn_status measure_product(product *self, double *gflops, dn_error *error) {
    void *block;
    double milliseconds;
    size_t weights = (size_t)SIDE * SIDE, inputs = (size_t)ROWS * SIDE;
    DN_TRY(dn_allocate_floats(&self->x, inputs, error));
    DN_TRY(dn_allocate_floats(&self->y, inputs, error));
    DN_TRY(dn_allocate_floats(&self->w, weights, error));
    DN_TRY(dn_allocate_floats(&self->bias, SIDE, error));
    DN_TRY(dn_allocate(&block, weights, sizeof *self->bf16, error));
    self->bf16 = block;
    fill_values(self->x, inputs);
    fill_values(self->w, weights);
    fill_values(self->bias, SIDE);
    dn_bf16_narrow(self->compute->threads, self->bf16, self->w, weights);
    DN_TRY(dn_time(multiply, self, &milliseconds, error));
    *gflops = 2e-6 * ROWS * (double)weights / milliseconds;
    return DN_OK;
}

static dn_status measure_products(const dn_compute *compute, double *gflops, dn_error *error) {
    product self = {.compute = compute};
    dn_status status = measure_product(&self, gflops, error);
    dn_release(self.x);
    dn_release(self.y);
    dn_release(self.w);
    dn_release(self.bias);
    dn_release(self.bf16);
    return status;
}

/* ---- convolutions: AlexNet's fourth layer ---- */

static const dn_convolution_shape layer = {.batch = 4,
                                           .height = 27,
                                           .width = 27,
                                           .channels = 384,
                                           .out_channels = 256,
                                           .kernel = 3,
                                           .stride = 1,
                                           .groups = 1,
                                           .pad_top = 1,
                                           .pad_left = 1,
                                           .pad_bottom = 1,
                                           .pad_right = 1,
                                           .activation = DN_ACTIVATION_RELU};

typedef struct convolving {
    const dn_compute *compute;
    dn_convolution *convolution;
    float *weights, *bias, *in, *out; /* `in` and `out` may hold smaller elements */
} convolving;

static dn_status convolve(void *context, dn_error *error) {
    const convolving *self = context;
    return self->compute->backend->convolution_forward(self->convolution, self->out, self->in,
                                                       layer.batch, error);
}

static dn_element element_of(dn_precision precision) {
    return precision == DN_PRECISION_INT8   ? DN_ELEMENT_U8
           : precision == DN_PRECISION_BF16 ? DN_ELEMENT_BF16
                                            : DN_ELEMENT_F32;
}

static dn_status measure_convolution(convolving *self, double *gflops, dn_error *error) {
    const dn_compute *compute = self->compute;
    dn_element element = element_of(compute->precision);
    const dn_convolution_format format = {element, element, 0.01F, 0.01F, 0};
    size_t pixels = (size_t)layer.batch * (size_t)layer.height * (size_t)layer.width;
    size_t weights = (size_t)layer.out_channels * (size_t)layer.channels * (size_t)layer.kernel *
                     (size_t)layer.kernel;
    double milliseconds;
    void *block;
    DN_TRY(dn_allocate_floats(&self->weights, weights, error));
    DN_TRY(dn_allocate_floats(&self->bias, (size_t)layer.out_channels, error));
    DN_TRY(dn_allocate(&block, pixels * (size_t)layer.channels, sizeof(float), error));
    self->in = block;
    DN_TRY(dn_allocate_floats(&self->out, pixels * (size_t)layer.out_channels, error));
    fill_values(self->weights, weights);
    fill_values(self->bias, (size_t)layer.out_channels);
    DN_TRY(compute->backend->convolution_create(compute->context, &layer, &format, self->weights,
                                                self->bias, &self->convolution, error));
    DN_TRY(dn_time(convolve, self, &milliseconds, error));
    *gflops = 2e-6 * (double)pixels * (double)weights / milliseconds;
    return DN_OK;
}

static dn_status measure_convolutions(const dn_compute *compute, double *gflops, dn_error *error) {
    convolving self = {.compute = compute};
    dn_status status = measure_convolution(&self, gflops, error);
    if (self.convolution)
        compute->backend->convolution_destroy(self.convolution);
    dn_release(self.weights);
    dn_release(self.bias);
    dn_release(self.in);
    dn_release(self.out);
    return status;
}

/* ---- memory: a = b + s c, of arrays larger than any cache ---- */

enum { ARRAY = 1 << 24 };

typedef struct triad {
    int threads;
    float *a, *b, *c;
} triad;

static void add_range(void *context, size_t begin, size_t end) {
    const triad *self = context;
    float *restrict a = self->a;
    const float *restrict b = self->b, *restrict c = self->c;
    for (size_t i = begin; i < end; i++)
        a[i] = b[i] + 0.5F * c[i];
}

static dn_status add_all(void *context, dn_error *error) {
    const triad *self = context;
    (void)error;
    dn_parallel_for(self->threads, ARRAY, 1 << 14, add_range, context);
    return DN_OK;
}

static dn_status measure_bandwidth(int threads, double *gigabytes, dn_error *error) {
    triad self = {.threads = threads};
    void *block;
    double milliseconds = 0;
    DN_TRY(dn_allocate(&block, (size_t)3 * ARRAY, sizeof(float), error));
    self.a = block;
    self.b = self.a + ARRAY;
    self.c = self.b + ARRAY;
    dn_status status = dn_time(add_all, &self, &milliseconds, error);
    *gigabytes = 3e-6 * ARRAY * sizeof(float) / milliseconds;
    dn_release(block);
    return status;
}

dn_status dn_measure_peaks(const dn_config *config, dn_benchmark_run *run, dn_error *error) {
    dn_compute compute;
    DN_TRY(measure_bandwidth(run->threads, &run->bandwidth, error));
    DN_TRY(dn_compute_open_in(config->compute, run->precision, run->threads, &compute, error));
    dn_status status = measure_products(&compute, &run->products, error);
    if (status == DN_OK)
        status = measure_convolutions(&compute, &run->convolutions, error);
    dn_compute_close(&compute);
    return status;
}
