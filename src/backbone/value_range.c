#include "backbone/value_range.h"

#include "base/memory.h"

#include <math.h>

/* This bound is 3e8 for the built-in AlexNet and at most 4e4 for EfficientNet-Lite. The smallest
 * norm_std makes pixels 700 times as large as MOST_PIXEL; values of 1e18 still have a finite
 * square.
 */
static const double MOST_VALUE = 1e15, MOST_PIXEL = 16;

typedef struct bounds {
    const dn_backbone_weights *weights;
    double *of[DN_NETWORK_MOST_STEPS]; /* of each channel of a step's value; a tap has none */
} bounds;

/* ---- one convolution ---- */

static double input_bound(const bounds *self, int i, int channel) {
    int source = dn_network_source(self->weights->network, i);
    return source == DN_NETWORK_IMAGE ? MOST_PIXEL : self->of[source][channel];
}

/* |sum of w x + bias + residual| <= sum of |w| |x| + |bias| + |residual| */
static double output_bound(const bounds *self, int i, int output) {
    const dn_network *network = self->weights->network;
    const dn_network_step *step = &network->steps[i];
    int groups = step->groups ? step->groups : 1, channels = step->channels / groups;
    int first = output / (step->out_channels / groups) * channels;
    int window = step->kernel * step->kernel;
    const float *weight = self->weights->weight[i] + (size_t)output * (size_t)(channels * window);
    double sum = fabs((double)self->weights->bias[i][output]);
    for (int c = 0; c < channels; c++) {
        double norm = 0;
        for (int k = 0; k < window; k++)
            norm += fabs((double)weight[c * window + k]);
        sum += norm * input_bound(self, i, first + c);
    }
    return step->adds ? sum + self->of[dn_network_residual(network, i)][output] : sum;
}

static dn_status refuse(const bounds *self, int i, double bound, const char *file,
                        dn_error *error) {
    const char *name = self->weights->network->steps[i].names[0].convolution;
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "%s: the weights of %s let values of the network reach %.2g, expected at most "
                   "%.0e: the file is damaged",
                   file, name, bound, MOST_VALUE);
}

static dn_status bound_convolution(bounds *self, int i, const char *file, dn_error *error) {
    const dn_network_step *step = &self->weights->network->steps[i];
    for (int o = 0; o < step->out_channels; o++) {
        double bound = output_bound(self, i, o);
        if (!(bound <= MOST_VALUE))
            return refuse(self, i, bound, file, error);
        self->of[i][o] = step->activation == DN_ACTIVATION_RELU6 ? fmin(bound, 6) : bound;
    }
    return DN_OK;
}

/* ---- all of them ---- */

/* A max-pool's bounds are those of the value that it reads. */
static dn_status bound_all(bounds *self, double *block, const char *file, dn_error *error) {
    const dn_network *network = self->weights->network;
    for (int i = 0; i < network->step_count; i++) {
        self->of[i] = block;
        if (network->steps[i].kind == DN_STEP_MAX_POOL)
            self->of[i] = self->of[dn_network_source(network, i)];
        if (network->steps[i].kind != DN_STEP_CONVOLUTION)
            continue;
        block += network->steps[i].out_channels;
        DN_TRY(bound_convolution(self, i, file, error));
    }
    return DN_OK;
}

static size_t output_count(const dn_network *network) {
    size_t sum = 0;
    for (int i = 0; i < network->step_count; i++)
        sum += (size_t)network->steps[i].out_channels; /* 0 unless it is a convolution */
    return sum;
}

dn_status dn_backbone_check_range(const dn_backbone_weights *weights, const char *file,
                                  dn_error *error) {
    bounds self = {.weights = weights};
    void *block;
    DN_TRY(dn_allocate(&block, output_count(weights->network), sizeof(double), error));
    dn_status status = bound_all(&self, block, file, error);
    dn_release(block);
    return status;
}
