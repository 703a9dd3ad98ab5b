/* Squares of pixels (compute.h, fold_pixels), a row of squares at a time. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/shape.h"

typedef struct task {
    dn_fold_shape shape;
    uint8_t *out;
    const uint8_t *in, *fill;
    dn_element element;
} task;

static inline void put_pixel(uint8_t *out, dn_element element, const uint8_t *pixel) {
    const float values[] = {pixel[0], pixel[1], pixel[2]};
    const uint16_t numbers[] = {dn_bf16_round(values[0]), dn_bf16_round(values[1]),
                                dn_bf16_round(values[2])};
    if (element == DN_ELEMENT_U8)
        memcpy(out, pixel, 3);
    else if (element == DN_ELEMENT_BF16)
        memcpy(out, numbers, sizeof numbers);
    else
        memcpy(out, values, sizeof values);
}

/* Pixels x = first .. first + count of a row of the resized image. */
static void put_pixels(const task *t, uint8_t *out, const uint8_t *row, int first, int count) {
    const dn_fold_shape *s = &t->shape;
    size_t pixel = 3 * dn_element_size(t->element);
    int same = s->width == s->in_width;
    for (int k = 0; k < count; k++, out += pixel) {
        int x = first + k;
        const uint8_t *from = t->fill;
        if (row && x >= 0 && x < s->width)
            from = row + 3 * (size_t)(same ? x : dn_nearest_position(x, s->in_width, s->width));
        put_pixel(out, t->element, from);
    }
}

/* Line i of every square of one row of squares; `row` is NULL outside the image. */
static void put_line(const task *t, uint8_t *out, const uint8_t *row, int i) {
    const dn_fold_shape *s = &t->shape;
    size_t line = (size_t)s->block * 3 * dn_element_size(t->element);
    for (int q = 0; q < s->columns; q++) {
        uint8_t *to = out + ((size_t)q * (size_t)s->block + (size_t)i) * line;
        int x = q * s->block - s->pad_left;
        int inside = row && x >= 0 && x + s->block <= s->width && s->width == s->in_width;
        if (inside && t->element == DN_ELEMENT_U8)
            memcpy(to, row + 3 * (size_t)x, line);
        else
            put_pixels(t, to, row, x, s->block);
    }
}

static void fold_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_fold_shape *s = &t->shape;
    size_t in_row = (size_t)s->in_width * 3;
    size_t out_row =
        (size_t)s->columns * (size_t)s->block * (size_t)s->block * 3 * dn_element_size(t->element);
    for (size_t at = begin; at < end; at++) {
        size_t image = at / (size_t)s->rows;
        for (int i = 0; i < s->block; i++) {
            int y = (int)(at % (size_t)s->rows) * s->block + i - s->pad_top;
            const uint8_t *row = NULL;
            if (y >= 0 && y < s->height)
                row = t->in + (image * (size_t)s->in_height +
                               (size_t)dn_nearest_position(y, s->in_height, s->height)) *
                                  in_row;
            put_line(t, t->out + at * out_row, row, i);
        }
    }
}

dn_status dn_cpu_fold_pixels(void *context, void *out, dn_element element, const uint8_t *in,
                             const uint8_t fill[3], const dn_fold_shape *shape, dn_error *error) {
    DN_TRY(dn_check_fold(shape, element, error));
    task t = {*shape, out, in, fill, element};
    dn_parallel_for(((dn_cpu_context *)context)->threads,
                    (size_t)shape->batch * (size_t)shape->rows, 8, fold_rows, &t);
    return DN_OK;
}
