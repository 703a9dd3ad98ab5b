/*
 * Max pooling, NHWC:
 *     out[b,p,q,c] = max_{i,j < kernel} in[b, p*stride+i, q*stride+j, c]
 * for any element: numbers are in the order of their values.
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
    dn_element element;
    int threads;
};

dn_status dn_reference_pooling_create(void *context, const dn_pooling_shape *shape,
                                      dn_element element, dn_pooling **pooling, dn_error *error) {
    *pooling = NULL;
    DN_TRY(dn_check_pooling(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pooling), error));
    *pooling = block;
    **pooling = (dn_pooling){*shape, dn_pooling_extent(shape), element,
                             ((dn_reference_context *)context)->threads};
    return DN_OK;
}

void dn_reference_pooling_destroy(dn_pooling *pooling) {
    dn_release(pooling);
}

typedef struct task {
    const dn_pooling *self;
    uint8_t *out;
    const uint8_t *in;
} task;

/* The largest value of the window that starts at `in`. */
static const uint8_t *window_maximum(const dn_pooling *self, const uint8_t *in) {
    const dn_pooling_shape *s = &self->shape;
    const uint8_t *largest = in;
    for (int i = 0; i < s->kernel; i++)
        for (int j = 0; j < s->kernel; j++) {
            const uint8_t *place = in + (size_t)(i * s->width + j) * (size_t)s->channels *
                                            dn_element_size(self->element);
            if (dn_reference_value(place, self->element, 0) >
                dn_reference_value(largest, self->element, 0))
                largest = place;
        }
    return largest;
}

/* Rows of output positions, over the whole batch. */
static void pool_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_pooling_shape *s = &t->self->shape;
    size_t channels = (size_t)s->channels, stride = (size_t)s->stride;
    size_t height = (size_t)t->self->extent.height, width = (size_t)t->self->extent.width;
    size_t size = dn_element_size(t->self->element);
    for (size_t row = begin; row < end; row++)
        for (size_t q = 0; q < width; q++)
            for (size_t c = 0; c < channels; c++) {
                size_t y = row / height * (size_t)s->height + row % height * stride;
                size_t first = (y * (size_t)s->width + q * stride) * channels + c;
                memcpy(t->out + ((row * width + q) * channels + c) * size,
                       window_maximum(t->self, t->in + first * size), size);
            }
}

dn_status dn_reference_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                       dn_error *error) {
    DN_TRY(dn_check_images("pooling", images, pooling->shape.batch, error));
    task t = {pooling, out, in};
    size_t rows = (size_t)images * (size_t)pooling->extent.height;
    dn_parallel_for(pooling->threads, rows, 1, pool_rows, &t);
    return DN_OK;
}
