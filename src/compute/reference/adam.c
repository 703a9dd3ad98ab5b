/*
 * One step of Adam with coupled weight decay (torch.optim.Adam), t = step, counted from 1:
 *     g' = g + weight_decay * w
 *     m  = beta1 * m + (1 - beta1) * g';  v = beta2 * v + (1 - beta2) * g'^2
 *     w -= learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 * w, m, v, g [count]
 */
#include "compute/reference/reference.h"

#include <math.h>

dn_status dn_reference_adam(void *context, float *w, float *m, float *v, const float *g,
                            size_t count, const dn_adam *adam, dn_error *error) {
    (void)context, (void)error;
    double rate = adam->learning_rate / (1 - pow(adam->beta1, (double)adam->step));
    double root = sqrt(1 - pow(adam->beta2, (double)adam->step));
    for (size_t i = 0; i < count; i++) {
        double decayed = (double)g[i] + adam->weight_decay * (double)w[i];
        double mean = adam->beta1 * (double)m[i] + (1 - adam->beta1) * decayed;
        double square = adam->beta2 * (double)v[i] + (1 - adam->beta2) * decayed * decayed;
        m[i] = (float)mean;
        v[i] = (float)square;
        w[i] = (float)((double)w[i] - rate * mean / (sqrt(square) / root + adam->epsilon));
    }
    return DN_OK;
}
