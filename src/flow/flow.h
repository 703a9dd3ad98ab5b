/*
 * The normalizing flow: blocks of fixed permutation and GLOW-style affine coupling that map
 * features y [rows, features] to z of the same shape, with log|det dz/dy| per row.
 *
 *     block k:  p = x[:, permutation_k];  p1, p2 = halves of p
 *               (s2, t2) = s2_k(p2);  y1 = exp(e(s2)) * p1 + t2
 *               (s1, t1) = s1_k(y1);  y2 = exp(e(s1)) * p2 + t1
 *     e(s) = clamp*0.636*atan(s/clamp);  log|det| = sum over blocks of sum e(s1) + sum e(s2)
 *
 * (paper, equations 1 to 3; the order of the halves and the factor 0.636 come from the original
 * code). The subnets s1 and s2 are three times Linear-ReLU, then Linear. y1 and y2 are clamped to
 * +-1e6; s1 reads the clamped y1. docs/flow.md has the derivatives.
 */
#ifndef DN_FLOW_FLOW_H
#define DN_FLOW_FLOW_H

#include "base/random.h"
#include "compute/compute.h"

typedef struct dn_flow_shape {
    int features; /* dimensions of a vector, an even number */
    int blocks, internal;
    float clamp;
    float dropout; /* probability, in training only */
} dn_flow_shape;

/* All parameters lie in one block of floats. This table says where each tensor lies; its names are
 * those of the original's state_dict. */
typedef struct dn_flow_tensor {
    char name[48]; /* "nf.module_list.2.s1.fc1.weight" */
    int rank;
    size_t shape[2];
    size_t offset, count; /* in floats */
} dn_flow_tensor;

size_t dn_flow_tensor_count(const dn_flow_shape *shape);
void dn_flow_tensor_at(const dn_flow_shape *shape, size_t index, dn_flow_tensor *tensor);
size_t dn_flow_parameter_count(const dn_flow_shape *shape);

/* Index of the first parameter that no trained flow has, NaN or beyond DN_FLOW_MOST_PARAMETER, or
 * `count`. The score would not show it: a ReLU may turn an overflow, infinity minus infinity, into
 * 0. */
#define DN_FLOW_MOST_PARAMETER 1e6F
size_t dn_flow_find_damage(int threads, const float *values, size_t count);

/* torch.nn.Linear's default: weights and biases U(-1/sqrt(inputs), 1/sqrt(inputs)). */
void dn_flow_initialize(const dn_flow_shape *shape, float *parameters, uint64_t seed, int threads);

typedef struct dn_flow dn_flow;

/* A flow's purpose decides what its forward pass keeps. */
typedef enum dn_flow_use {
    DN_FLOW_SCORE,  /* nothing: there is no backward */
    DN_FLOW_TRAIN,  /* all that gradients of parameters and input need */
    DN_FLOW_EXPLAIN /* all that the gradient of the input needs; no dropout */
} dn_flow_use;

/* Workspace for up to `max_rows` vectors. `compute` must outlive the flow. */
dn_status dn_flow_create(const dn_compute *compute, const dn_flow_shape *shape, int max_rows,
                         dn_flow_use use, dn_flow **flow, dn_error *error);
void dn_flow_destroy(dn_flow *flow);

/* Memory that such a flow takes without its parameters, in bytes. */
size_t dn_flow_bytes(const dn_flow_shape *shape, int max_rows, dn_flow_use use);

/* From now on, products in bf16 read these rounded parameters (NULL: they round the f32 ones at
 * each use). The caller keeps both up to date. */
void dn_flow_use_bf16(dn_flow *flow, const uint16_t *parameters);
const uint16_t *dn_flow_bf16(const dn_flow *flow);

/* z[rows][features], log_det[rows] from x[rows][features]; rows <= max_rows. In a training flow,
 * `dropout` (may be NULL: none) draws one mask per pass. */
dn_status dn_flow_forward(dn_flow *flow, const float *parameters, float *z, float *log_det,
                          const float *x, int rows, dn_random *dropout, dn_error *error);

/* x from z: the exact inverse of forward without dropout. */
dn_status dn_flow_inverse(dn_flow *flow, const float *parameters, float *x, const float *z,
                          int rows, dn_error *error);

/* One layer's gradient, as the factors whose product it is:
 * dw[outputs][inputs] = dy^T x, dbias[outputs] = column sums of dy. */
typedef struct dn_layer_gradient {
    size_t weight, bias; /* offsets into the flow's parameters */
    int rows, inputs, outputs;
    const float *dy, *x; /* [rows][outputs], [rows][inputs]; valid during the call */
} dn_layer_gradient;

/* Takes one layer's gradient. This backward pass no longer needs the layer's parameters, so an
 * optimizer may change them at once. */
typedef dn_status dn_gradient_sink(void *user, const dn_layer_gradient *gradient, dn_error *error);

/* Backward of the last dn_flow_forward (same parameters, same rows): passes each layer's gradient
 * to `sink` (NULL: no gradients; it must be NULL for a flow made with DN_FLOW_EXPLAIN) and writes
 * dx[rows][features] unless it is NULL. dlog_det is the derivative of the loss by each row's
 * log-determinant. dz is overwritten. */
dn_status dn_flow_backward(dn_flow *flow, const float *parameters, float *dx, float *dz,
                           float dlog_det, int rows, dn_gradient_sink *sink, void *user,
                           dn_error *error);

/* Loss and its derivatives: mean over rows of (0.5*sum z^2 - log_det), over features (paper,
 * equation 4, as the original scales it). dz (may be NULL) = z/(rows*features);
 * *dlog_det = -1/(rows*features). */
double dn_flow_loss(float *dz, float *dlog_det, const float *z, const float *log_det, int rows,
                    int features);

#endif
