#include "base/finite.h"
#include "base/parallel.h"
#include "flow/flow.h"
#include "flow/subnet.h"

#include <math.h>
#include <stdio.h>

enum { SUBNETS = 2, KINDS = 2 }; /* s1, s2; weight, bias */

size_t dn_flow_tensor_count(const dn_flow_shape *shape) {
    return (size_t)shape->blocks * SUBNETS * DN_SUBNET_LAYERS * KINDS;
}

static size_t subnet_parameters(const dn_flow_shape *shape) {
    size_t count = 0;
    for (int layer = 0; layer < DN_SUBNET_LAYERS; layer++) {
        dn_linear_shape linear = dn_subnet_layer(shape, layer);
        count += ((size_t)linear.inputs + 1) * (size_t)linear.outputs;
    }
    return count;
}

size_t dn_flow_parameter_count(const dn_flow_shape *shape) {
    return (size_t)shape->blocks * SUBNETS * subnet_parameters(shape);
}

size_t dn_flow_find_damage(int threads, const float *values, size_t count) {
    return dn_find_beyond(threads, values, count, DN_FLOW_MOST_PARAMETER);
}

size_t dn_subnet_offset(const dn_flow_shape *shape, int block, int subnet) {
    return ((size_t)block * SUBNETS + (size_t)subnet) * subnet_parameters(shape);
}

dn_linear_shape dn_subnet_layer(const dn_flow_shape *shape, int layer) {
    /* The number of features is even, so both halves and both subnets have the same sizes. */
    return (dn_linear_shape){
        .inputs = layer == 0 ? shape->features / 2 : shape->internal,
        .outputs = layer == DN_SUBNET_LAYERS - 1 ? shape->features : shape->internal,
    };
}

dn_linear_parameters dn_subnet_parameters(const dn_flow_shape *shape, int block, int subnet,
                                          int layer) {
    dn_linear_parameters at = {.weight = dn_subnet_offset(shape, block, subnet)};
    for (int i = 0;; i++) {
        dn_linear_shape linear = dn_subnet_layer(shape, i);
        at.bias = at.weight + (size_t)linear.inputs * (size_t)linear.outputs;
        if (i == layer)
            return at;
        at.weight = at.bias + (size_t)linear.outputs;
    }
}

void dn_flow_tensor_at(const dn_flow_shape *shape, size_t index, dn_flow_tensor *tensor) {
    static const char *const layer_names[DN_SUBNET_LAYERS] = {"fc1", "fc2", "fc2b", "fc3"};
    int is_bias = (int)(index % KINDS), layer = (int)(index / KINDS % DN_SUBNET_LAYERS);
    int subnet = (int)(index / KINDS / DN_SUBNET_LAYERS % SUBNETS);
    int block = (int)(index / KINDS / DN_SUBNET_LAYERS / SUBNETS);
    dn_linear_shape linear = dn_subnet_layer(shape, layer);
    dn_linear_parameters at = dn_subnet_parameters(shape, block, subnet, layer);
    size_t inputs = is_bias ? 1 : (size_t)linear.inputs;
    /* The original's graph counts the input node, then a permutation and a coupling per block. */
    snprintf(tensor->name, sizeof tensor->name, "nf.module_list.%d.s%d.%s.%s", 2 * block + 2,
             subnet + 1, layer_names[layer], is_bias ? "bias" : "weight");
    tensor->rank = is_bias ? 1 : 2;
    tensor->shape[0] = (size_t)linear.outputs;
    tensor->shape[1] = inputs;
    tensor->offset = is_bias ? at.bias : at.weight;
    tensor->count = inputs * (size_t)linear.outputs;
}

typedef struct initialization {
    const dn_flow_shape *shape;
    float *parameters;
    uint64_t seed;
} initialization;

static void initialize_tensors(void *context, size_t begin, size_t end) {
    const initialization *self = context;
    for (size_t index = begin; index < end; index++) {
        dn_flow_tensor tensor, weight;
        dn_random random;
        dn_flow_tensor_at(self->shape, index, &tensor);
        dn_flow_tensor_at(self->shape, index / KINDS * KINDS, &weight);
        dn_random_init(&random, self->seed, DN_RANDOM_FLOW, (uint32_t)index);
        double bound = 1.0 / sqrt((double)weight.shape[1]);
        for (size_t i = 0; i < tensor.count; i++)
            self->parameters[tensor.offset + i] =
                (float)((2.0 * dn_random_uniform(&random) - 1.0) * bound);
    }
}

void dn_flow_initialize(const dn_flow_shape *shape, float *parameters, uint64_t seed, int threads) {
    /* One random stream per tensor: the values do not depend on the number of threads. */
    initialization context = {shape, parameters, seed};
    dn_parallel_for(threads, dn_flow_tensor_count(shape), 1, initialize_tensors, &context);
}
