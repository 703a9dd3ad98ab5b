/* Max pooling, NHWC: out[b,p,q,c] = max_{i,j} in[b, p*stride-padding+i, q*stride-padding+j, c] of
 * what lies in the image. */
#include "base/every_cpu.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/portable/portable.h"
#include "compute/shape.h"

#include <string.h>

struct dn_pooling {
    dn_pooling_shape shape;
    dn_extent extent;
    int threads;
};

dn_status dn_portable_pooling_create(void *context, const dn_pooling_shape *shape,
                                     dn_element element, dn_pooling **pooling, dn_error *error) {
    *pooling = NULL;
    DN_TRY(dn_check_pooling(shape, error));
    DN_TRY(dn_portable_check_element("pooling", element, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pooling), error));
    *pooling = block;
    **pooling =
        (dn_pooling){*shape, dn_pooling_extent(shape), ((dn_cpu_context *)context)->threads};
    return DN_OK;
}

void dn_portable_pooling_destroy(dn_pooling *pooling) {
    dn_release(pooling);
}

typedef struct task {
    const dn_pooling *self;
    float *out;
    const float *in;
} task;

DN_EVERY_CPU
static void raise_to(float *restrict out, const float *restrict in, size_t count) {
#pragma omp simd
    for (size_t c = 0; c < count; c++)
        out[c] = in[c] > out[c] ? in[c] : out[c];
}

/* The window whose first tap is at (top, left); it holds at least one place of the image. */
static void pool_window(const dn_pooling_shape *s, float *out, const float *image, int top,
                        int left) {
    size_t channels = (size_t)s->channels;
    int begin_y = top > 0 ? top : 0, begin_x = left > 0 ? left : 0;
    int end_y = top + s->kernel < s->height ? top + s->kernel : s->height;
    int end_x = left + s->kernel < s->width ? left + s->kernel : s->width;
    memcpy(out, image + ((size_t)begin_y * (size_t)s->width + (size_t)begin_x) * channels,
           channels * sizeof *out);
    for (int y = begin_y; y < end_y; y++)
        for (int x = begin_x; x < end_x; x++)
            raise_to(out, image + ((size_t)y * (size_t)s->width + (size_t)x) * channels, channels);
}

/* Rows of output positions, over the whole batch. */
static void pool_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_pooling_shape *s = &t->self->shape;
    size_t height = (size_t)t->self->extent.height, width = (size_t)t->self->extent.width;
    size_t channels = (size_t)s->channels;
    for (size_t row = begin; row < end; row++) {
        const float *image = t->in + row / height * (size_t)s->height * (size_t)s->width * channels;
        int top = (int)(row % height) * s->stride - s->padding;
        for (size_t q = 0; q < width; q++)
            pool_window(s, t->out + (row * width + q) * channels, image, top,
                        (int)q * s->stride - s->padding);
    }
}

dn_status dn_portable_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                      dn_error *error) {
    DN_TRY(dn_check_images("pooling", images, pooling->shape.batch, error));
    task t = {pooling, out, in};
    size_t rows = (size_t)images * (size_t)pooling->extent.height;
    dn_parallel_for(pooling->threads, rows, 1, pool_rows, &t);
    return DN_OK;
}
