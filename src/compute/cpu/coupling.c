/*
 * The coupling of compute.h, forward, inverse and backward, row by row:
 *     e = clamp*0.636*atan(s/clamp);  y = clamped(exp(e)*x + t);  log_det += sum e
 */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

#include <math.h>

static const float limit = 1e6F;

enum { ROW_GRAIN = 4 };

static inline float exponent(float s, float clamp) {
    return clamp * 0.636F * dn_atan(s / clamp);
}

/* Like torch.clamp: NaN stays NaN. */
static inline float clamped(float y) {
    return y > limit ? limit : y < -limit ? -limit : y;
}

/* Returns the sum of e. */
DN_EVERY_CPU
static double forward_row(float *restrict y, const float *restrict x, const float *restrict s,
                          const float *restrict t, size_t columns, float clamp) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < columns; j++) {
        float e = exponent(s[j], clamp);
        y[j] = clamped(dn_exp(e) * x[j] + t[j]);
        sum += (double)e;
    }
    return sum;
}

DN_EVERY_CPU
static void inverse_row(float *restrict x, const float *restrict y, const float *restrict s,
                        const float *restrict t, size_t columns, float clamp) {
#pragma omp simd
    for (size_t j = 0; j < columns; j++)
        x[j] = (y[j] - t[j]) * dn_exp(-exponent(s[j], clamp));
}

typedef struct row {
    float *dx, *ds, *dt;
    const float *dy, *y, *x, *s;
} row;

DN_EVERY_CPU
static void backward_row(const row *r, size_t columns, float clamp, float dlog_det) {
    float *restrict dx = r->dx, *restrict ds = r->ds, *restrict dt = r->dt;
    const float *restrict dy = r->dy, *restrict y = r->y, *restrict x = r->x, *restrict s = r->s;
#pragma omp simd
    for (size_t j = 0; j < columns; j++) {
        /* y = clamped(exp(e)*x + t) */
        float dsum = dy[j]; /* read in any case, for vector code without masks */
        dsum = fabsf(y[j]) >= limit ? 0.0F : dsum;
        float ratio = s[j] / clamp;
        float dscaled = dsum * dn_exp(exponent(s[j], clamp));
        dx[j] += dscaled;
        dt[j] = dsum;
        /* e = clamp*0.636*atan(s/clamp) */
        ds[j] = (dscaled * x[j] + dlog_det) * 0.636F / (1.0F + ratio * ratio);
    }
}

typedef struct task {
    float *out, *log_det, *dst;
    const float *x, *y, *dy, *st;
    size_t columns, out_stride, x_stride, y_stride, dy_stride;
    float clamp, dlog_det;
} task;

static void forward_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t r = begin; r < end; r++) {
        const float *s = t->st + r * 2 * t->columns;
        double sum = forward_row(t->out + r * t->out_stride, t->x + r * t->x_stride, s,
                                 s + t->columns, t->columns, t->clamp);
        t->log_det[r] = (float)((double)t->log_det[r] + sum);
    }
}

dn_status dn_cpu_coupling_forward(void *context, float *y, float *log_det, const float *x,
                                  const float *st, int rows, int columns, int x_stride,
                                  int y_stride, float clamp, dn_error *error) {
    (void)error;
    task t = {.out = y, .log_det = log_det, .x = x, .st = st, .clamp = clamp};
    t.columns = (size_t)columns;
    t.x_stride = (size_t)x_stride, t.out_stride = (size_t)y_stride;
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)rows, ROW_GRAIN, forward_rows,
                    &t);
    return DN_OK;
}

static void inverse_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t r = begin; r < end; r++) {
        const float *s = t->st + r * 2 * t->columns;
        inverse_row(t->out + r * t->out_stride, t->y + r * t->y_stride, s, s + t->columns,
                    t->columns, t->clamp);
    }
}

dn_status dn_cpu_coupling_inverse(void *context, float *x, const float *y, const float *st,
                                  int rows, int columns, int x_stride, int y_stride, float clamp,
                                  dn_error *error) {
    (void)error;
    task t = {.out = x, .y = y, .st = st, .clamp = clamp};
    t.columns = (size_t)columns;
    t.out_stride = (size_t)x_stride, t.y_stride = (size_t)y_stride;
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)rows, ROW_GRAIN, inverse_rows,
                    &t);
    return DN_OK;
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t i = begin; i < end; i++) {
        size_t pair = i * 2 * t->columns;
        row r = {.dx = t->out + i * t->out_stride,
                 .ds = t->dst + pair,
                 .dt = t->dst + pair + t->columns,
                 .dy = t->dy + i * t->dy_stride,
                 .y = t->y + i * t->y_stride,
                 .x = t->x + i * t->x_stride,
                 .s = t->st + pair};
        backward_row(&r, t->columns, t->clamp, t->dlog_det);
    }
}

dn_status dn_cpu_coupling_backward(void *context, float *dx, float *dst, const float *dy,
                                   const float *y, const float *x, const float *st, float dlog_det,
                                   int rows, int columns, int dx_stride, int dy_stride,
                                   int y_stride, int x_stride, float clamp, dn_error *error) {
    (void)error;
    task t = {.out = dx, .dst = dst, .dy = dy, .y = y, .x = x, .st = st};
    t.clamp = clamp, t.dlog_det = dlog_det, t.columns = (size_t)columns;
    t.out_stride = (size_t)dx_stride, t.dy_stride = (size_t)dy_stride;
    t.y_stride = (size_t)y_stride, t.x_stride = (size_t)x_stride;
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)rows, ROW_GRAIN, backward_rows,
                    &t);
    return DN_OK;
}
