/* Operators item by item over long arrays: ReLU backward, masks and Adam. All are bound by memory,
 * so each reads and writes every array once. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

#include <math.h>

enum { GRAIN = 1 << 14 };

/* dx = y > 0 ? dy : 0; dx may be dy, so no restrict: item j is read before it is written. */
DN_CLONES
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
DN_CLONES
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

/* The step's numbers, computed in double. With root = sqrt(1 - beta2^t):
 * lr/(1-beta1^t) * m / (sqrt(v)/root + eps) = rate * m / (sqrt(v) + epsilon),
 * rate = root * lr/(1-beta1^t), epsilon = root * eps: one division less. */
typedef struct adam_task {
    float *w, *m, *v;
    const float *g;
    float decay, keep1, keep2, take1, take2, rate, epsilon;
} adam_task;

DN_CLONES
static void adam_items(const adam_task *t, float *restrict w, float *restrict m, float *restrict v,
                       const float *restrict g, size_t count) {
    const adam_task k = *t;
#pragma omp simd
    for (size_t j = 0; j < count; j++) {
        float gradient = g[j] + k.decay * w[j];
        float mean = k.keep1 * m[j] + k.take1 * gradient;
        float square = k.keep2 * v[j] + k.take2 * gradient * gradient;
        m[j] = mean;
        v[j] = square;
        w[j] -= k.rate * mean / (sqrtf(square) + k.epsilon);
    }
}

static void adam_range(void *context, size_t begin, size_t end) {
    const adam_task *t = context;
    adam_items(t, t->w + begin, t->m + begin, t->v + begin, t->g + begin, end - begin);
}

dn_status dn_cpu_adam(void *context, float *w, float *m, float *v, const float *g, size_t count,
                      const dn_adam *adam, dn_error *error) {
    (void)error;
    double root = sqrt(1 - pow(adam->beta2, (double)adam->step));
    double rate = adam->learning_rate / (1 - pow(adam->beta1, (double)adam->step));
    adam_task t = {.w = w, .m = m, .v = v, .g = g};
    t.decay = (float)adam->weight_decay;
    t.keep1 = (float)adam->beta1, t.take1 = (float)(1 - adam->beta1);
    t.keep2 = (float)adam->beta2, t.take2 = (float)(1 - adam->beta2);
    t.rate = (float)(rate * root), t.epsilon = (float)(root * adam->epsilon);
    dn_parallel_for(((dn_cpu_context *)context)->threads, count, GRAIN, adam_range, &t);
    return DN_OK;
}
