/* Operators on single values of long arrays: ReLU backward, masks, sums. All are bound by memory,
 * so each reads and writes every array once. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

#include <math.h>

enum { GRAIN = 1 << 14 };

/* dx = y > 0 ? dy : 0; dx may be dy, so no restrict: item j is read before it is written. */
DN_EVERY_CPU
static void relu_backward_range(float *dx, const float *dy, const float *y, size_t count) {
#pragma omp simd
    for (size_t j = 0; j < count; j++)
        dx[j] = y[j] > 0 ? dy[j] : 0.0F;
}

typedef struct relu_task {
    float *dx;
    const float *dy, *y;
} relu_task;

static void relu_range(void *context, size_t begin, size_t end) {
    const relu_task *t = context;
    relu_backward_range(t->dx + begin, t->dy + begin, t->y + begin, end - begin);
}

dn_status dn_cpu_relu_backward(void *context, float *dx, const float *dy, const float *y,
                               size_t count, dn_error *error) {
    (void)error;
    relu_task t = {dx, dy, y};
    dn_parallel_for(((dn_cpu_context *)context)->threads, count, GRAIN, relu_range, &t);
    return DN_OK;
}

/* y = x * mask; y may be x. */
DN_EVERY_CPU
static void multiply_items(float *y, const float *x, const float *mask, size_t count) {
#pragma omp simd
    for (size_t j = 0; j < count; j++)
        y[j] = x[j] * mask[j];
}

typedef struct multiply_task {
    float *y;
    const float *x, *mask;
} multiply_task;

static void multiply_range(void *context, size_t begin, size_t end) {
    const multiply_task *t = context;
    multiply_items(t->y + begin, t->x + begin, t->mask + begin, end - begin);
}

dn_status dn_cpu_multiply(void *context, float *y, const float *x, const float *mask, size_t count,
                          dn_error *error) {
    (void)error;
    multiply_task t = {y, x, mask};
    dn_parallel_for(((dn_cpu_context *)context)->threads, count, GRAIN, multiply_range, &t);
    return DN_OK;
}

/* y += x */
DN_EVERY_CPU
static void add_floats(float *restrict y, const float *restrict x, size_t count) {
#pragma omp simd
    for (size_t j = 0; j < count; j++)
        y[j] += x[j];
}

DN_EVERY_CPU
static void add_shorts(uint16_t *restrict y, const uint16_t *restrict x, size_t count) {
#pragma omp simd
    for (size_t j = 0; j < count; j++)
        y[j] = dn_bf16_round(dn_bf16_value(y[j]) + dn_bf16_value(x[j]));
}

typedef struct sum_task {
    void *y;
    const void *x;
    dn_element element;
} sum_task;

static void sum_range(void *context, size_t begin, size_t end) {
    const sum_task *t = context;
    if (t->element == DN_ELEMENT_F32)
        add_floats((float *)t->y + begin, (const float *)t->x + begin, end - begin);
    else
        add_shorts((uint16_t *)t->y + begin, (const uint16_t *)t->x + begin, end - begin);
}

dn_status dn_cpu_accumulate(void *context, void *y, const void *x, dn_element element, size_t count,
                            dn_error *error) {
    (void)error;
    sum_task t = {y, x, element};
    dn_parallel_for(((dn_cpu_context *)context)->threads, count, GRAIN, sum_range, &t);
    return DN_OK;
}
