/*
 * Max pooling, NHWC:
 *     out[b,p,q,c] = max_{i,j < kernel} in[b, p*stride-padding+i, q*stride-padding+j, c]
 * of what lies in the image, for any element: numbers are in the order of their values.
 * in  [batch][height][width][channels]
 * out [batch][P][Q][channels], P = (height + 2*padding - kernel)/stride + 1, Q likewise
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

/* The largest value of channel c of an image in the window whose first tap is at (top, left). */
static const uint8_t *window_maximum(const dn_pooling *self, const uint8_t *image, int top,
                                     int left, size_t c) {
    const dn_pooling_shape *s = &self->shape;
    const uint8_t *largest = NULL;
    for (int y = top; y < top + s->kernel; y++)
        for (int x = left; x < left + s->kernel; x++) {
            if (y < 0 || y >= s->height || x < 0 || x >= s->width)
                continue;
            size_t at = (size_t)(y * s->width + x) * (size_t)s->channels + c;
            const uint8_t *place = image + at * dn_element_size(self->element);
            if (!largest || dn_reference_value(place, self->element, 0) >
                                dn_reference_value(largest, self->element, 0))
                largest = place;
        }
    return largest;
}

/* Rows of output positions, over the whole batch. */
static void pool_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_pooling_shape *s = &t->self->shape;
    size_t channels = (size_t)s->channels, height = (size_t)t->self->extent.height;
    size_t size = dn_element_size(t->self->element);
    size_t image_bytes = (size_t)s->height * (size_t)s->width * channels * size;
    for (size_t row = begin; row < end; row++) {
        const uint8_t *image = t->in + row / height * image_bytes;
        int top = (int)(row % height) * s->stride - s->padding;
        for (int q = 0; q < t->self->extent.width; q++)
            for (size_t c = 0; c < channels; c++) {
                size_t to = (row * (size_t)t->self->extent.width + (size_t)q) * channels + c;
                memcpy(t->out + to * size,
                       window_maximum(t->self, image, top, q * s->stride - s->padding, c), size);
            }
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
