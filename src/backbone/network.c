#include "backbone/network.h"

#include <stdio.h>
#include <string.h>

static const dn_network *const networks[] = {
    &dn_alexnet,
    &dn_efficientnet_lite0,
    &dn_efficientnet_lite1,
    &dn_efficientnet_lite2,
};

const dn_network *dn_network_at(size_t index) {
    return index < sizeof networks / sizeof *networks ? networks[index] : NULL;
}

const dn_network *dn_network_find(const char *name) {
    for (size_t i = 0; dn_network_at(i); i++)
        if (strcmp(dn_network_at(i)->name, name) == 0)
            return dn_network_at(i);
    return NULL;
}

void dn_network_list(char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; dn_network_at(i) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
                                 dn_network_at(i)->name);
}

/* ---- connections ---- */

/* The value of a tap is the one that it reads. */
static int value_of(const dn_network *network, int i) {
    while (i >= 0 && network->steps[i].kind == DN_STEP_TAP)
        i = dn_network_source(network, i);
    return i;
}

int dn_network_source(const dn_network *network, int i) {
    int back = network->steps[i].reads;
    return value_of(network, i - (back ? back : 1));
}

int dn_network_residual(const dn_network *network, int i) {
    int back = network->steps[i].adds;
    return back ? value_of(network, i - back) : DN_NETWORK_IMAGE;
}

int dn_network_channels(const dn_network *network, int i) {
    const dn_network_step *step = &network->steps[i];
    return step->kind == DN_STEP_CONVOLUTION ? step->out_channels : step->channels;
}

int dn_network_last_use(const dn_network *network, int i) {
    int last = i;
    for (int k = i + 1; k < network->step_count; k++)
        if (dn_network_source(network, k) == i ||
            (network->steps[k].adds && dn_network_residual(network, k) == i))
            last = k;
    return last;
}

int dn_network_is_narrow(const dn_network *network, int i) {
    if (network->steps[i].adds)
        return 1;
    for (int k = i + 1; k < network->step_count; k++) {
        dn_step_kind kind = network->steps[k].kind;
        if (network->steps[k].adds && dn_network_residual(network, k) == i)
            return 1;
        if (dn_network_source(network, k) == i &&
            (kind == DN_STEP_CONVOLUTION ||
             (kind == DN_STEP_MAX_POOL && dn_network_is_narrow(network, k))))
            return 1;
    }
    return 0;
}

/* Values that share an element have the same root: follows poolings and residuals back to it. */
static int root_of(const dn_network *network, int i) {
    for (;;) {
        const dn_network_step *step = &network->steps[i];
        if (step->kind == DN_STEP_MAX_POOL)
            i = dn_network_source(network, i);
        else if (step->adds)
            i = dn_network_residual(network, i);
        else
            return i;
    }
}

int dn_network_is_signed(const dn_network *network, int i) {
    int root = root_of(network, i);
    for (int k = 0; k < network->step_count; k++)
        if (network->steps[k].kind == DN_STEP_CONVOLUTION &&
            network->steps[k].activation == DN_ACTIVATION_NONE && root_of(network, k) == root)
            return 1;
    return 0;
}

/* ---- sizes ---- */

int dn_network_features(const dn_network *network) {
    int sum = 0;
    for (int i = 0; i < network->step_count; i++)
        sum += network->steps[i].kind == DN_STEP_TAP ? network->steps[i].channels : 0;
    return sum;
}

int dn_network_taps(const dn_network *network) {
    int taps = 0;
    for (int i = 0; i < network->step_count; i++)
        taps += network->steps[i].kind == DN_STEP_TAP;
    return taps;
}

int dn_network_convolutions(const dn_network *network) {
    int convolutions = 0;
    for (int i = 0; i < network->step_count; i++)
        convolutions += network->steps[i].kind == DN_STEP_CONVOLUTION;
    return convolutions;
}

size_t dn_network_kernel_count(const dn_network *network, int i) {
    const dn_network_step *step = &network->steps[i];
    int groups = step->groups ? step->groups : 1;
    return (size_t)step->out_channels * (size_t)(step->channels / groups) * (size_t)step->kernel *
           (size_t)step->kernel;
}

size_t dn_network_weight_count(const dn_network *network) {
    size_t sum = 0;
    for (int i = 0; i < network->step_count; i++)
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            sum += dn_network_kernel_count(network, i) + (size_t)network->steps[i].out_channels;
    return sum;
}

/* ---- validation ---- */

static dn_status refuse(const dn_network *network, int i, const char *problem, dn_error *error) {
    return dn_fail(error, DN_ERROR_ARGUMENT, "network %s, step %d: %s", network->name, i, problem);
}

static int reader_count(const dn_network *network, int i) {
    int readers = 0;
    for (int k = i + 1; k < network->step_count; k++)
        readers += (dn_network_source(network, k) == i) +
                   (network->steps[k].adds && dn_network_residual(network, k) == i);
    return readers;
}

static dn_status check_residual(const dn_network *network, int i, dn_error *error) {
    const dn_network_step *step = &network->steps[i];
    if (!step->adds)
        return DN_OK;
    int residual =
        step->adds < 0 || step->adds > i ? DN_NETWORK_IMAGE : dn_network_residual(network, i);
    if (step->kind != DN_STEP_CONVOLUTION || residual < 0 ||
        residual == dn_network_source(network, i))
        return refuse(network, i, "adds what it cannot add", error);
    if (dn_network_channels(network, residual) != step->out_channels)
        return refuse(network, i, "adds a value of other channels", error);
    return DN_OK;
}

static dn_status check_pool(const dn_network *network, int i, dn_error *error) {
    int source = dn_network_source(network, i), padding = network->steps[i].padding;
    if (padding < 0 || padding >= network->steps[i].kernel)
        return refuse(network, i, "has a padding that no pooling can have", error);
    if (source < 0 || network->steps[source].kind != DN_STEP_CONVOLUTION ||
        network->steps[source].activation != DN_ACTIVATION_RELU ||
        reader_count(network, source) != 1)
        return refuse(network, i, "pools what is not a ReLU's value or has other readers", error);
    return DN_OK;
}

static dn_status check_step(const dn_network *network, int i, dn_error *error) {
    const dn_network_step *step = &network->steps[i];
    int groups = step->groups ? step->groups : 1;
    if (step->reads < 0 || step->reads > i + 1)
        return refuse(network, i, "reads a step that there is not", error);
    int source = dn_network_source(network, i);
    if (step->channels != (source < 0 ? 3 : dn_network_channels(network, source)))
        return refuse(network, i, "has other channels than the value that it reads", error);
    if (step->kind == DN_STEP_TAP && source < 0)
        return refuse(network, i, "taps the image", error);
    if (step->kind != DN_STEP_TAP && dn_network_last_use(network, i) == i)
        return refuse(network, i, "makes a value that no step reads", error);
    if (step->kind == DN_STEP_CONVOLUTION &&
        (groups < 1 || step->channels % groups || step->out_channels % groups))
        return refuse(network, i, "has channels that its groups do not divide", error);
    if (step->kind == DN_STEP_MAX_POOL)
        DN_TRY(check_pool(network, i, error));
    return check_residual(network, i, error);
}

dn_status dn_network_check(const dn_network *network, dn_error *error) {
    if (network->step_count < 1 || network->step_count > DN_NETWORK_MOST_STEPS)
        return dn_fail(error, DN_ERROR_ARGUMENT, "network %s: %d steps, expected 1 to %d",
                       network->name, network->step_count, DN_NETWORK_MOST_STEPS);
    for (int i = 0; i < network->step_count; i++)
        DN_TRY(check_step(network, i, error));
    if (network->steps[0].kind != DN_STEP_CONVOLUTION || dn_network_features(network) == 0)
        return refuse(network, 0, "a network starts with a convolution and has a tap", error);
    return dn_network_last_use(network, DN_NETWORK_IMAGE) == 0
               ? DN_OK
               : refuse(network, 0, "only the first step reads the image", error);
}
