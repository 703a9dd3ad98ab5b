/* One step of Adam (compute.h). Bound by memory: w, m and v are read and written once, in one pass
 * with the copy in bf16. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

#include <math.h>

enum { GRAIN = 1 << 14 };

dn_adam_numbers dn_cpu_adam_numbers(const dn_adam *adam) {
    double root = sqrt(1 - pow(adam->beta2, (double)adam->step));
    double rate = adam->learning_rate / (1 - pow(adam->beta1, (double)adam->step));
    return (dn_adam_numbers){
        .decay = (float)adam->weight_decay,
        .keep1 = (float)adam->beta1,
        .keep2 = (float)adam->beta2,
        .take1 = (float)(1 - adam->beta1),
        .take2 = (float)(1 - adam->beta2),
        .rate = (float)(rate * root),
        .epsilon = (float)(root * adam->epsilon),
    };
}

/* The new value; both moments are replaced. */
static inline float moved(const dn_adam_numbers *k, float w, float *m, float *v, float g) {
    float gradient = g + k->decay * w;
    float mean = k->keep1 * *m + k->take1 * gradient;
    float square = k->keep2 * *v + k->take2 * gradient * gradient;
    *m = mean;
    *v = square;
    return w - k->rate * mean / (sqrtf(square) + k->epsilon);
}

DN_EVERY_CPU
static void move_values(const dn_adam_numbers *numbers, float *restrict w, float *restrict m,
                        float *restrict v, const float *restrict g, size_t count) {
    const dn_adam_numbers k = *numbers;
#pragma omp simd
    for (size_t j = 0; j < count; j++)
        w[j] = moved(&k, w[j], &m[j], &v[j], g[j]);
}

DN_EVERY_CPU
static void move_values_and_narrow(const dn_adam_numbers *numbers, float *restrict w,
                                   float *restrict m, float *restrict v, uint16_t *restrict bf16,
                                   const float *restrict g, size_t count) {
    const dn_adam_numbers k = *numbers;
#pragma omp simd
    for (size_t j = 0; j < count; j++) {
        float value = moved(&k, w[j], &m[j], &v[j], g[j]);
        w[j] = value;
        bf16[j] = dn_bf16_round(value);
    }
}

void dn_cpu_adam_range(const dn_adam_numbers *numbers, const dn_trained *trained, size_t first,
                       const float *gradient, size_t count) {
    float *w = trained->values + first, *m = trained->first + first, *v = trained->second + first;
    if (trained->bf16)
        move_values_and_narrow(numbers, w, m, v, trained->bf16 + first, gradient, count);
    else
        move_values(numbers, w, m, v, gradient, count);
}

typedef struct adam_task {
    dn_adam_numbers numbers;
    dn_trained trained;
    const float *gradient;
} adam_task;

static void move_range(void *context, size_t begin, size_t end) {
    const adam_task *t = context;
    dn_cpu_adam_range(&t->numbers, &t->trained, begin, t->gradient + begin, end - begin);
}

dn_status dn_cpu_adam(void *context, float *w, float *m, float *v, const float *g, size_t count,
                      const dn_adam *adam, dn_error *error) {
    (void)error;
    adam_task t = {dn_cpu_adam_numbers(adam), {w, m, v, NULL}, g};
    dn_parallel_for(((dn_cpu_context *)context)->threads, count, GRAIN, move_range, &t);
    return DN_OK;
}
