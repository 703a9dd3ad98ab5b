/* A coupling's subnet: Linear-ReLU three times, then Linear: half -> internal (x3) -> features. */
#ifndef DN_FLOW_SUBNET_H
#define DN_FLOW_SUBNET_H

#include "flow/flow.h"

enum { DN_SUBNET_LAYERS = 4, DN_SUBNET_HIDDEN = DN_SUBNET_LAYERS - 1 };

typedef struct dn_linear_shape {
    int inputs, outputs;
} dn_linear_shape;

typedef struct dn_linear_parameters {
    size_t weight, bias; /* offsets into the flow's parameters */
} dn_linear_parameters;

dn_linear_shape dn_subnet_layer(const dn_flow_shape *shape, int layer);

/* Subnet 0 is s1, subnet 1 is s2. */
dn_linear_parameters dn_subnet_parameters(const dn_flow_shape *shape, int block, int subnet,
                                          int layer);
size_t dn_subnet_offset(const dn_flow_shape *shape, int block, int subnet);

/* What one pass through a subnet keeps for its backward: all [rows][width]. */
typedef struct dn_subnet_pass {
    float *input;                    /* [half] */
    float *hidden[DN_SUBNET_HIDDEN]; /* [internal], after dropout and ReLU */
    float *mask[DN_SUBNET_HIDDEN];   /* [internal], 0 or 1/(1-p); NULL without dropout */
    float *output;                   /* [features]: s then t */
} dn_subnet_pass;

/* Buffers of a backward pass, shared by all subnets. */
typedef struct dn_subnet_scratch {
    float *gradient[2]; /* [rows][max(internal, features)] */
} dn_subnet_scratch;

/* A subnet with the flow's backend and parameters. */
typedef struct dn_subnet {
    const dn_compute *compute;
    const dn_flow_shape *shape;
    const float *parameters;
    const uint16_t *bf16; /* the same, or NULL */
    int block, index;
} dn_subnet;

/* pass->output from pass->input; `dropout` NULL: none. */
dn_status dn_subnet_forward(const dn_subnet *subnet, dn_subnet_pass *pass, int rows,
                            dn_random *dropout, dn_error *error);

/* dinput[rows][half] from doutput[rows][features]; `sink` NULL: no gradient of a parameter. */
dn_status dn_subnet_backward(const dn_subnet *subnet, const dn_subnet_pass *pass,
                             const dn_subnet_scratch *scratch, float *dinput, const float *doutput,
                             int rows, dn_gradient_sink *sink, void *user, dn_error *error);

#endif
