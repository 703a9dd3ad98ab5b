/* Squares of pixels (compute.h, fold_pixels). A run of squares is handled at once: one line of its
 * pixels is gathered, converted to the element, and cut into the squares. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"
#include "compute/shape.h"

/* Pixels of a run; lines of larger squares are cut into several runs. */
enum { RUN = 128, RUN_BYTES = 3 * RUN };

typedef struct task {
    dn_fold_shape shape;
    uint8_t *out;
    const uint8_t *in, *fill;
    dn_element element;
} task;

/* Pixels x = first .. first + count of a row of the resized image, NULL outside the image. */
static void gather_pixels(const task *t, uint8_t *pixels, const uint8_t *row, int first,
                          int count) {
    const dn_fold_shape *s = &t->shape;
    int same = s->width == s->in_width;
    if (row && same && first >= 0 && first + count <= s->width) {
        memcpy(pixels, row + 3 * (size_t)first, 3 * (size_t)count);
        return;
    }
    for (int k = 0; k < count; k++) {
        int x = first + k;
        const uint8_t *from = t->fill;
        if (row && x >= 0 && x < s->width)
            from = row + 3 * (size_t)(same ? x : dn_nearest_position(x, s->in_width, s->width));
        memcpy(pixels + 3 * (size_t)k, from, 3);
    }
}

DN_EVERY_CPU
static void to_floats(float *restrict out, const uint8_t *restrict in, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = in[i];
}

DN_EVERY_CPU
static void to_bf16(uint16_t *restrict out, const uint8_t *restrict in, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = dn_bf16_round(in[i]);
}

/* Copies `count` pieces of `size` bytes to places `step` bytes apart. */
DN_INLINE void spread_pieces(uint8_t *out, const uint8_t *in, size_t size, size_t step,
                             size_t count) {
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * step, in + i * size, size);
}

/* Copies of a size that is known when compiling need no call: squares of 2 and 4 pixels. */
static void spread(uint8_t *out, const uint8_t *in, size_t size, size_t step, size_t count) {
    if (size == step) { /* squares of one pixel lie side by side */
        memcpy(out, in, size * count);
        return;
    }
    switch (size) {
    case 6:
        spread_pieces(out, in, 6, step, count);
        break;
    case 12:
        spread_pieces(out, in, 12, step, count);
        break;
    case 24:
        spread_pieces(out, in, 24, step, count);
        break;
    case 48:
        spread_pieces(out, in, 48, step, count);
        break;
    default:
        spread_pieces(out, in, size, step, count);
    }
}

/* `squares` lines of `width` pixels each, side by side in `pixels`, to places `step` bytes apart.
 */
static void put_lines(const task *t, uint8_t *out, const uint8_t *pixels, int width, size_t step,
                      int squares) {
    float floats[RUN_BYTES];
    uint16_t numbers[RUN_BYTES];
    const void *line = pixels;
    size_t count = (size_t)(squares * width) * 3;
    if (t->element == DN_ELEMENT_F32) {
        to_floats(floats, pixels, count);
        line = floats;
    } else if (t->element == DN_ELEMENT_BF16) {
        to_bf16(numbers, pixels, count);
        line = numbers;
    }
    spread(out, line, (size_t)width * 3 * dn_element_size(t->element), step, (size_t)squares);
}

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Line i of every square of one row of squares; `row` is NULL outside the image. */
static void put_line(const task *t, uint8_t *out, const uint8_t *row, int i) {
    const dn_fold_shape *s = &t->shape;
    uint8_t pixels[RUN_BYTES];
    size_t pixel = 3 * dn_element_size(t->element), line = (size_t)s->block * pixel;
    size_t square = (size_t)s->block * line;
    int width = least(s->block, RUN), run = RUN / width;
    for (int q = 0; q < s->columns; q += run) {
        int squares = least(run, s->columns - q);
        for (int j = 0; j < s->block; j += width) {
            int part = least(width, s->block - j); /* smaller only where squares is 1 */
            gather_pixels(t, pixels, row, q * s->block + j - s->pad_left, squares * part);
            put_lines(t, out + (size_t)q * square + (size_t)i * line + (size_t)j * pixel, pixels,
                      part, square, squares);
        }
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
