/*
 * Max pooling, NHWC:
 *     out[b,p,q,c] = max_{i,j < kernel} in[b, p*stride+i, q*stride+j, c]
 * in  [batch][height][width][channels]
 * out [batch][P][Q][channels], P = (height - kernel)/stride + 1, Q likewise
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

struct dn_pooling {
    dn_pooling_shape shape;
    dn_extent extent;
    int threads;
};

dn_status dn_reference_pooling_create(void *context, const dn_pooling_shape *shape,
                                      dn_pooling **pooling, dn_error *error) {
    *pooling = NULL;
    DN_TRY(dn_check_pooling(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pooling), error));
    *pooling = block;
    **pooling =
        (dn_pooling){*shape, dn_pooling_extent(shape), ((dn_reference_context *)context)->threads};
    return DN_OK;
}

void dn_reference_pooling_destroy(dn_pooling *pooling) {
    dn_release(pooling);
}

typedef struct task {
    const dn_pooling_shape *shape;
    dn_extent extent;
    float *out;
    const float *in;
} task;

/* The largest of a window whose first value is `in`. */
static float window_maximum(const dn_pooling_shape *s, const float *in) {
    float largest = *in;
    for (int i = 0; i < s->kernel; i++)
        for (int j = 0; j < s->kernel; j++) {
            float value = in[(size_t)(i * s->width + j) * (size_t)s->channels];
            if (value > largest)
                largest = value;
        }
    return largest;
}

/* Rows of output positions, over the whole batch. */
static void pool_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_pooling_shape *s = t->shape;
    size_t channels = (size_t)s->channels, stride = (size_t)s->stride;
    size_t height = (size_t)t->extent.height, width = (size_t)t->extent.width;
    for (size_t row = begin; row < end; row++)
        for (size_t q = 0; q < width; q++)
            for (size_t c = 0; c < channels; c++) {
                size_t y = row / height * (size_t)s->height + row % height * stride;
                const float *window = t->in + (y * (size_t)s->width + q * stride) * channels + c;
                t->out[(row * width + q) * channels + c] = window_maximum(s, window);
            }
}

dn_status dn_reference_pooling_forward(dn_pooling *pooling, float *out, const float *in,
                                       dn_error *error) {
    (void)error;
    task t = {&pooling->shape, pooling->extent, out, in};
    size_t rows = (size_t)pooling->shape.batch * (size_t)pooling->extent.height;
    dn_parallel_for(pooling->threads, rows, 1, pool_rows, &t);
    return DN_OK;
}
