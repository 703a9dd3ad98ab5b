#include "compute/portable/windows.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "compute/portable/tile.h"

/*
 * Weights are kept as [group][panel of 8 outputs][tap][input][8], zero where there are fewer
 * outputs; of depthwise convolutions, whose groups have one channel, as [panel of 8
 * channels][tap][8].
 *
 * A thread takes a stripe of output positions at a time and goes through blocks of taps. The places
 * of the stripe at the block's taps are looked up once for all panels, and the block's part of a
 * panel stays in the first-level cache for the whole stripe. Sums wait in `out` between the blocks.
 */
enum { STRIPE_TILES = 8, STRIPE = STRIPE_TILES * DN_TILE_ROWS, BLOCK_TAPS = 9 };
/* Numbers of a panel in a block, if one tap does not have more. */
enum { BLOCK_NUMBERS = 5120 };

static int is_depthwise(const dn_windows *w) {
    return w->groups > 1 && w->inputs == 1 && w->outputs == 1;
}

/* Outputs that share a panel: those of a group, or all channels. */
static size_t panel_outputs(const dn_windows *w) {
    return (size_t)(is_depthwise(w) ? w->groups : w->outputs);
}

static size_t panel_count(const dn_windows *w) {
    return (panel_outputs(w) + DN_TILE_COLUMNS - 1) / DN_TILE_COLUMNS;
}

static size_t tap_count(const dn_windows *w) {
    return (size_t)w->kernel * (size_t)w->kernel;
}

/* Of a panel, for one tap. */
static size_t tap_size(const dn_windows *w) {
    return (size_t)w->inputs * DN_TILE_COLUMNS;
}

static size_t panel_size(const dn_windows *w) {
    return tap_count(w) * tap_size(w);
}

static size_t in_channels(const dn_windows *w) {
    return (size_t)w->groups * (size_t)w->inputs;
}

static size_t out_channels(const dn_windows *w) {
    return (size_t)w->groups * (size_t)w->outputs;
}

/* Times that the panels are gone through. */
static size_t group_count(const dn_windows *w) {
    return is_depthwise(w) ? 1 : (size_t)w->groups;
}

/* ---- creation ---- */

dn_windows dn_windows_of(const dn_convolution_shape *shape, int is_backward, int threads) {
    int inputs = shape->channels / shape->groups, outputs = shape->out_channels / shape->groups;
    const dn_extent image = {shape->height, shape->width}, windows = dn_convolution_extent(shape);
    return (dn_windows){.in = is_backward ? windows : image,
                        .out = is_backward ? image : windows,
                        .groups = shape->groups,
                        .inputs = is_backward ? outputs : inputs,
                        .outputs = is_backward ? inputs : outputs,
                        .kernel = shape->kernel,
                        .stride = shape->stride,
                        .top = shape->pad_top,
                        .left = shape->pad_left,
                        .is_backward = is_backward,
                        .adds = !is_backward && shape->adds,
                        .activation = is_backward ? DN_ACTIVATION_NONE : shape->activation,
                        .threads = threads};
}

/* The convolution's weight between an input and an output of a group. */
static float weight_of(const dn_windows *w, const float *weights, size_t group, size_t input,
                       size_t output, size_t tap) {
    size_t inputs = (size_t)w->inputs, outputs = (size_t)w->outputs;
    size_t row = w->is_backward ? group * inputs + input : group * outputs + output;
    size_t column = w->is_backward ? output : input;
    return weights[(row * (w->is_backward ? outputs : inputs) + column) * tap_count(w) + tap];
}

static void keep_panels(dn_windows *w, const float *weights) {
    size_t taps = tap_count(w), inputs = (size_t)w->inputs, outputs = (size_t)w->outputs;
    for (size_t group = 0; group < (size_t)w->groups; group++)
        for (size_t o = 0; o < outputs; o++) {
            size_t shared = is_depthwise(w) ? group : o;
            size_t panel = shared / DN_TILE_COLUMNS, column = shared % DN_TILE_COLUMNS;
            if (!is_depthwise(w))
                panel += group * panel_count(w);
            float *to = w->weights + panel * panel_size(w) + column;
            for (size_t tap = 0; tap < taps; tap++)
                for (size_t c = 0; c < inputs; c++)
                    to[tap * tap_size(w) + c * DN_TILE_COLUMNS] =
                        weight_of(w, weights, group, c, o, tap);
        }
}

dn_status dn_windows_keep(dn_windows *w, const float *weights, const float *bias, dn_error *error) {
    size_t count = group_count(w) * panel_count(w) * panel_size(w);
    DN_TRY(dn_allocate_floats(&w->weights, count, error));
    DN_TRY(dn_allocate_floats(&w->zeros, in_channels(w), error));
    memset(w->weights, 0, count * sizeof *w->weights);
    memset(w->zeros, 0, in_channels(w) * sizeof *w->zeros);
    keep_panels(w, weights);
    if (!bias)
        return DN_OK;
    DN_TRY(dn_allocate_floats(&w->bias, out_channels(w), error));
    memcpy(w->bias, bias, out_channels(w) * sizeof *bias);
    return DN_OK;
}

void dn_windows_free(dn_windows *w) {
    dn_release(w->weights);
    dn_release(w->bias);
    dn_release(w->zeros);
}

/* ---- places ---- */

/* Taps first .. first + count at the positions of a stripe; `positions` of them are there. */
typedef struct block {
    const dn_windows *windows;
    size_t first, count;
    size_t start, positions;      /* of the stripe, in the batch */
    ptrdiff_t offset[BLOCK_TAPS]; /* of each tap from the window's first, in numbers */
    const float *place[STRIPE_TILES][BLOCK_TAPS][DN_TILE_ROWS]; /* channel 0 */
    float *out;
} block;

/* Where a tap of the window at `position` lies along one axis; -1: nowhere. */
static int place_along(const dn_windows *w, int position, int tap, int before, int extent) {
    int place = w->is_backward ? position + before - tap : position * w->stride - before + tap;
    if (w->is_backward) {
        if (place < 0 || place % w->stride != 0)
            return -1;
        place /= w->stride;
    }
    return place >= 0 && place < extent ? place : -1;
}

/* A position of an image, and where the places of its taps are written: one for each tap. */
typedef struct position {
    const float *image;
    int y, x;
    const float **place;
} position;

static void locate_each_tap(const block *b, position at) {
    const dn_windows *w = b->windows;
    int i = (int)b->first / w->kernel, j = (int)b->first % w->kernel;
    for (size_t t = 0; t < b->count; t++) {
        int y = place_along(w, at.y, i, w->top, w->in.height);
        int x = place_along(w, at.x, j, w->left, w->in.width);
        int is_there = y >= 0 && x >= 0;
        size_t index = is_there ? (size_t)y * (size_t)w->in.width + (size_t)x : 0;
        at.place[t * DN_TILE_ROWS] = is_there ? at.image + index * in_channels(w) : w->zeros;
        j = j + 1 < w->kernel ? j + 1 : 0;
        i += j == 0;
    }
}

/* Whether a window whose taps are `step` apart lies within the image along one axis. */
static int is_inside(int first, int step, int kernel, int extent) {
    int last = first + step * (kernel - 1);
    return first >= 0 && last >= 0 && first < extent && last < extent;
}

/* Most windows lie within the image: then a tap is a constant number of places from the first. */
static void locate(const block *b, position at) {
    const dn_windows *w = b->windows;
    int step = w->is_backward ? -1 : 1, stride = w->is_backward ? 1 : w->stride;
    int y = at.y * stride - step * w->top, x = at.x * stride - step * w->left;
    if ((w->is_backward && w->stride > 1) || !is_inside(y, step, w->kernel, w->in.height) ||
        !is_inside(x, step, w->kernel, w->in.width)) {
        locate_each_tap(b, at);
        return;
    }
    const float *first = at.image + ((size_t)y * (size_t)w->in.width + (size_t)x) * in_channels(w);
    for (size_t t = 0; t < b->count; t++)
        at.place[t * DN_TILE_ROWS] = first + b->offset[t];
}

static void locate_stripe(block *b, const float *in) {
    const dn_windows *w = b->windows;
    size_t each = (size_t)w->out.height * (size_t)w->out.width, width = (size_t)w->out.width;
    size_t image = (size_t)w->in.height * (size_t)w->in.width * in_channels(w);
    ptrdiff_t step = (w->is_backward ? -1 : 1) * (ptrdiff_t)in_channels(w);
    for (size_t t = 0; t < b->count; t++) {
        ptrdiff_t tap = (ptrdiff_t)(b->first + t);
        b->offset[t] = (tap / w->kernel * w->in.width + tap % w->kernel) * step;
    }
    for (size_t row = 0; row < STRIPE; row++) { /* the last is repeated to fill a tile */
        size_t index = b->start + (row < b->positions ? row : b->positions - 1);
        locate(b, (position){in + index / each * image, (int)(index % each / width),
                             (int)(index % each % width),
                             &b->place[row / DN_TILE_ROWS][0][row % DN_TILE_ROWS]});
    }
}

/* ---- sums ---- */

/* Up to 8 outputs from `output` on, for all positions of a block. */
typedef struct panel {
    const float *weights; /* of the block's first tap */
    size_t input, output; /* first channels */
    size_t columns;
    int is_first, is_last; /* of the blocks */
} panel;

/* Adds what was there before the block: the sums of a block are formed by themselves, for long
 * sums lose less so. */
DN_INLINE void add_before(dn_tile *tile, int r, const dn_windows *w, const panel *p,
                          const float *out) {
    if (p->is_first && w->bias)
        dn_tile_add_row(tile, r, w->bias + p->output, p->columns);
    if (!p->is_first || w->adds)
        dn_tile_add_row(tile, r, out, p->columns);
}

/* Writes the rows of a tile that are there. */
DN_INLINE void finish_tile(dn_tile *tile, const block *b, const panel *p, size_t number,
                           size_t count, int rows) {
    size_t channels = out_channels(b->windows);
    float *out = b->out + (b->start + number * DN_TILE_ROWS) * channels + p->output;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        if ((size_t)r >= count)
            return;
        add_before(tile, r, b->windows, p, out + (size_t)r * channels);
        if (p->is_last)
            dn_tile_activate(tile, r, b->windows->activation);
        dn_tile_store(tile, r, out + (size_t)r * channels, p->columns);
    }
}

/* A tile of a convolution of all inputs of the group, of which `count` rows are there. */
DN_INLINE void sum_inputs(const block *b, const panel *p, size_t number, size_t count, int rows) {
    const dn_windows *w = b->windows;
    dn_tile tile;
    dn_tile_clear(&tile, rows);
    for (size_t t = 0; t < b->count; t++) {
        const float *row[DN_TILE_ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            row[r] = b->place[number][t][r] + p->input;
        dn_tile_add(&tile, rows, row, (size_t)w->inputs, p->weights + t * tap_size(w));
    }
    finish_tile(&tile, b, p, number, count, rows);
}

/* A tile of a depthwise convolution: each of `columns` channels has weights of its own. */
DN_INLINE void sum_channels(const block *b, const panel *p, size_t number, size_t count,
                            size_t columns) {
    dn_tile tile;
    dn_tile_clear(&tile, DN_TILE_ROWS);
    for (size_t t = 0; t < b->count; t++) {
        const dn_row weight = dn_row_load(p->weights + t * DN_TILE_COLUMNS, DN_TILE_COLUMNS);
#pragma GCC unroll 8
        for (int r = 0; r < DN_TILE_ROWS; r++) {
            const dn_row value = dn_row_load(b->place[number][t][r] + p->input, columns);
            tile.sum[r].part[0] += value.part[0] * weight.part[0];
            tile.sum[r].part[1] += value.part[1] * weight.part[1];
        }
    }
    finish_tile(&tile, b, p, number, count, DN_TILE_ROWS);
}

static void sum_dense(const block *b, const panel *p, size_t number, size_t count) {
    int rows = dn_tile_rows(count);
    if (rows == DN_TILE_ROWS)
        sum_inputs(b, p, number, count, DN_TILE_ROWS);
    else if (rows > 1)
        sum_inputs(b, p, number, count, DN_TILE_ROWS / 2);
    else
        sum_inputs(b, p, number, count, 1);
}

static void sum_depthwise(const block *b, const panel *p, size_t number, size_t count) {
    if (p->columns == DN_TILE_COLUMNS)
        sum_channels(b, p, number, count, DN_TILE_COLUMNS);
    else
        sum_channels(b, p, number, count, p->columns);
}

static void sum_panel(const block *b, const panel *p) {
    int depthwise = is_depthwise(b->windows);
    for (size_t at = 0; at < b->positions; at += DN_TILE_ROWS) {
        size_t left = b->positions - at, count = left < DN_TILE_ROWS ? left : DN_TILE_ROWS;
        (depthwise ? sum_depthwise : sum_dense)(b, p, at / DN_TILE_ROWS, count);
    }
}

static void sum_block(const block *b) {
    const dn_windows *w = b->windows;
    panel p = {.is_first = b->first == 0, .is_last = b->first + b->count == tap_count(w)};
    for (size_t group = 0; group < group_count(w); group++)
        for (size_t i = 0; i < panel_count(w); i++) {
            size_t first = i * DN_TILE_COLUMNS, left = panel_outputs(w) - first;
            p.columns = left < DN_TILE_COLUMNS ? left : DN_TILE_COLUMNS;
            p.output = group * (size_t)w->outputs + first;
            p.input = is_depthwise(w) ? first : group * (size_t)w->inputs;
            p.weights =
                w->weights + (group * panel_count(w) + i) * panel_size(w) + b->first * tap_size(w);
            sum_panel(b, &p);
        }
}

static size_t block_taps(const dn_windows *w) {
    size_t taps = BLOCK_NUMBERS / tap_size(w);
    return taps < 1 ? 1 : taps > BLOCK_TAPS ? BLOCK_TAPS : taps;
}

typedef struct task {
    const dn_windows *windows;
    float *out;
    const float *in;
    size_t positions; /* of the batch */
} task;

static void sum_stripes(void *context, size_t begin, size_t end) {
    const task *t = context;
    block b = {.windows = t->windows, .out = t->out};
    size_t taps = tap_count(t->windows), most = block_taps(t->windows);
    for (size_t stripe = begin; stripe < end; stripe++) {
        b.start = stripe * STRIPE;
        b.positions = t->positions - b.start < STRIPE ? t->positions - b.start : STRIPE;
        for (b.first = 0; b.first < taps; b.first += b.count) {
            b.count = taps - b.first < most ? taps - b.first : most;
            locate_stripe(&b, t->in);
            sum_block(&b);
        }
    }
}

void dn_windows_run(const dn_windows *w, float *out, const float *in, int images) {
    task t = {w, out, in, (size_t)images * (size_t)w->out.height * (size_t)w->out.width};
    dn_parallel_for(w->threads, (t.positions + STRIPE - 1) / STRIPE, 1, sum_stripes, &t);
}
