#include "flow/flow.h"

#include "base/memory.h"
#include "base/mt19937.h"
#include "flow/subnet.h"

#include <string.h>

/* What one block's forward keeps for its backward: all [rows][features], rows `features` apart. */
typedef struct block_pass {
    float *permuted, *output;
    dn_subnet_pass subnet[2]; /* s1, s2 */
} block_pass;

struct dn_flow {
    const dn_compute *compute;
    dn_flow_shape shape;
    int max_rows;
    dn_flow_use use;
    const uint16_t *bf16;            /* the caller's: the parameters in bf16, or NULL */
    uint32_t *permutation, *inverse; /* [blocks][features] */
    block_pass *pass;                /* [blocks]; without a backward all share the same buffers */
    dn_subnet_scratch scratch;
    float *dst, *dhalf, *dpermuted;
    dn_workspace workspace;
};

static size_t rows_of(const dn_flow *flow, int width) {
    return (size_t)flow->max_rows * (size_t)width;
}

static int has_masks(const dn_flow *flow) {
    return flow->use == DN_FLOW_TRAIN && flow->shape.dropout > 0.0f;
}

static size_t pass_size(const dn_flow *flow) {
    int masks = has_masks(flow) ? DN_SUBNET_HIDDEN : 0;
    size_t hidden = dn_workspace_round(rows_of(flow, flow->shape.internal));
    size_t subnet = dn_workspace_round(rows_of(flow, flow->shape.features / 2)) +
                    (size_t)(DN_SUBNET_HIDDEN + masks) * hidden +
                    dn_workspace_round(rows_of(flow, flow->shape.features));
    return 2 * dn_workspace_round(rows_of(flow, flow->shape.features)) + 2 * subnet;
}

static int widest(const dn_flow *flow) {
    return flow->shape.internal > flow->shape.features ? flow->shape.internal
                                                       : flow->shape.features;
}

static size_t scratch_size(const dn_flow *flow) {
    if (flow->use == DN_FLOW_SCORE)
        return 0;
    return 2 * dn_workspace_round(rows_of(flow, widest(flow))) +
           2 * dn_workspace_round(rows_of(flow, flow->shape.features)) +
           dn_workspace_round(rows_of(flow, flow->shape.features / 2));
}

static void take_subnet(dn_flow *flow, dn_subnet_pass *pass) {
    size_t hidden = rows_of(flow, flow->shape.internal);
    pass->input = dn_workspace_take(&flow->workspace, rows_of(flow, flow->shape.features / 2));
    for (int i = 0; i < DN_SUBNET_HIDDEN; i++) {
        pass->hidden[i] = dn_workspace_take(&flow->workspace, hidden);
        if (has_masks(flow))
            pass->mask[i] = dn_workspace_take(&flow->workspace, hidden);
    }
    pass->output = dn_workspace_take(&flow->workspace, rows_of(flow, flow->shape.features));
}

static void take_pass(dn_flow *flow, block_pass *pass) {
    pass->permuted = dn_workspace_take(&flow->workspace, rows_of(flow, flow->shape.features));
    pass->output = dn_workspace_take(&flow->workspace, rows_of(flow, flow->shape.features));
    take_subnet(flow, &pass->subnet[0]);
    take_subnet(flow, &pass->subnet[1]);
}

static void take_scratch(dn_flow *flow) {
    dn_workspace *workspace = &flow->workspace;
    flow->scratch.gradient[0] = dn_workspace_take(workspace, rows_of(flow, widest(flow)));
    flow->scratch.gradient[1] = dn_workspace_take(workspace, rows_of(flow, widest(flow)));
    flow->dst = dn_workspace_take(workspace, rows_of(flow, flow->shape.features));
    flow->dpermuted = dn_workspace_take(workspace, rows_of(flow, flow->shape.features));
    flow->dhalf = dn_workspace_take(workspace, rows_of(flow, flow->shape.features / 2));
}

static dn_status plan_workspace(dn_flow *flow, dn_error *error) {
    int passes = flow->use == DN_FLOW_SCORE ? 1 : flow->shape.blocks;
    DN_TRY(dn_workspace_create(&flow->workspace,
                               (size_t)passes * pass_size(flow) + scratch_size(flow), error));
    for (int k = 0; k < flow->shape.blocks; k++) {
        if (k < passes)
            take_pass(flow, &flow->pass[k]);
        else
            flow->pass[k] = flow->pass[0];
    }
    if (flow->use != DN_FLOW_SCORE)
        take_scratch(flow);
    return DN_OK;
}

/* The original does not store its permutations; block k's comes from numpy.random.RandomState(k).
 */
static void draw_permutations(dn_flow *flow) {
    uint32_t features = (uint32_t)flow->shape.features;
    for (uint32_t k = 0; k < (uint32_t)flow->shape.blocks; k++) {
        uint32_t *permutation = flow->permutation + (size_t)k * features;
        uint32_t *inverse = flow->inverse + (size_t)k * features;
        dn_numpy_permutation(k, permutation, features);
        for (uint32_t j = 0; j < features; j++)
            inverse[permutation[j]] = j;
    }
}

static dn_status init_flow(dn_flow *flow, dn_error *error) {
    void *block;
    size_t indices = (size_t)flow->shape.blocks * (size_t)flow->shape.features;
    DN_TRY(dn_allocate(&block, indices, sizeof(uint32_t), error));
    flow->permutation = block;
    DN_TRY(dn_allocate(&block, indices, sizeof(uint32_t), error));
    flow->inverse = block;
    DN_TRY(dn_allocate(&block, (size_t)flow->shape.blocks, sizeof(block_pass), error));
    flow->pass = block;
    draw_permutations(flow);
    return plan_workspace(flow, error);
}

dn_status dn_flow_create(const dn_compute *compute, const dn_flow_shape *shape, int max_rows,
                         dn_flow_use use, dn_flow **flow, dn_error *error) {
    void *block;
    *flow = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_flow), error));
    dn_flow *created = block;
    created->compute = compute;
    created->shape = *shape;
    created->max_rows = max_rows;
    created->use = use;
    dn_status status = init_flow(created, error);
    if (status == DN_OK)
        *flow = created;
    else
        dn_flow_destroy(created);
    return status;
}

size_t dn_flow_bytes(const dn_flow_shape *shape, int max_rows, dn_flow_use use) {
    const dn_flow flow = {.shape = *shape, .max_rows = max_rows, .use = use};
    size_t passes = use == DN_FLOW_SCORE ? 1 : (size_t)shape->blocks;
    size_t indices = 2 * (size_t)shape->blocks * (size_t)shape->features;
    return (passes * pass_size(&flow) + scratch_size(&flow)) * sizeof(float) +
           indices * sizeof(uint32_t);
}

void dn_flow_destroy(dn_flow *flow) {
    if (!flow)
        return;
    dn_workspace_destroy(&flow->workspace);
    dn_release(flow->permutation);
    dn_release(flow->inverse);
    dn_release(flow->pass);
    dn_release(flow);
}

void dn_flow_use_bf16(dn_flow *flow, const uint16_t *parameters) {
    flow->bf16 = parameters;
}

const uint16_t *dn_flow_bf16(const dn_flow *flow) {
    return flow->bf16;
}

static dn_status check_rows(const dn_flow *flow, int rows, dn_error *error) {
    if (rows >= 1 && rows <= flow->max_rows)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "flow: %d rows, planned for 1 to %d", rows,
                   flow->max_rows);
}

static dn_subnet subnet_of(const dn_flow *flow, const float *parameters, int block, int index) {
    return (dn_subnet){flow->compute, &flow->shape, parameters, flow->bf16, block, index};
}

/* Runs subnet `index` on one half of a [rows][features] matrix. */
static dn_status run_subnet(dn_flow *flow, const float *parameters, int block, int index,
                            const float *half, int rows, dn_random *dropout, dn_error *error) {
    const dn_compute *compute = flow->compute;
    int columns = flow->shape.features / 2;
    dn_subnet subnet = subnet_of(flow, parameters, block, index);
    dn_subnet_pass *pass = &flow->pass[block].subnet[index];
    DN_TRY(compute->backend->copy_columns(compute->context, pass->input, half, rows, columns,
                                          columns, flow->shape.features, 0, error));
    return dn_subnet_forward(&subnet, pass, rows, dropout, error);
}

/* y1 = exp(e(s2)) * p1 + t2 with (s2, t2) = s2(p2);  y2 = exp(e(s1)) * p2 + t1 with (s1, t1) =
 * s1(y1) */
static dn_status block_forward(dn_flow *flow, const float *parameters, int k, float *y,
                               float *log_det, const float *x, int rows, dn_random *dropout,
                               dn_error *error) {
    const dn_backend *backend = flow->compute->backend;
    void *context = flow->compute->context;
    block_pass *pass = &flow->pass[k];
    int features = flow->shape.features, half = features / 2;
    float *p1 = pass->permuted, *p2 = pass->permuted + half;
    DN_TRY(backend->permute(context, pass->permuted, x,
                            flow->permutation + (size_t)k * (size_t)features, rows, features,
                            error));
    DN_TRY(run_subnet(flow, parameters, k, 1, p2, rows, dropout, error));
    DN_TRY(backend->coupling_forward(context, y, log_det, p1, pass->subnet[1].output, rows, half,
                                     features, features, flow->shape.clamp, error));
    DN_TRY(run_subnet(flow, parameters, k, 0, y, rows, dropout, error));
    return backend->coupling_forward(context, y + half, log_det, p2, pass->subnet[0].output, rows,
                                     half, features, features, flow->shape.clamp, error);
}

dn_status dn_flow_forward(dn_flow *flow, const float *parameters, float *z, float *log_det,
                          const float *x, int rows, dn_random *dropout, dn_error *error) {
    DN_TRY(check_rows(flow, rows, error));
    memset(log_det, 0, (size_t)rows * sizeof *log_det);
    for (int k = 0; k < flow->shape.blocks; k++) {
        float *y = k == flow->shape.blocks - 1 ? z : flow->pass[k].output;
        DN_TRY(block_forward(flow, parameters, k, y, log_det, x, rows, dropout, error));
        x = y;
    }
    /* Backward reads every block's output. */
    if (flow->use != DN_FLOW_SCORE)
        memcpy(flow->pass[flow->shape.blocks - 1].output, z,
               (size_t)rows * (size_t)flow->shape.features * sizeof *z);
    return DN_OK;
}

static dn_status block_inverse(dn_flow *flow, const float *parameters, int k, float *x,
                               const float *y, int rows, dn_error *error) {
    const dn_backend *backend = flow->compute->backend;
    void *context = flow->compute->context;
    block_pass *pass = &flow->pass[k];
    int features = flow->shape.features, half = features / 2;
    float *p1 = pass->permuted, *p2 = pass->permuted + half;
    DN_TRY(run_subnet(flow, parameters, k, 0, y, rows, NULL, error));
    DN_TRY(backend->coupling_inverse(context, p2, y + half, pass->subnet[0].output, rows, half,
                                     features, features, flow->shape.clamp, error));
    DN_TRY(run_subnet(flow, parameters, k, 1, p2, rows, NULL, error));
    DN_TRY(backend->coupling_inverse(context, p1, y, pass->subnet[1].output, rows, half, features,
                                     features, flow->shape.clamp, error));
    return backend->permute(context, x, pass->permuted,
                            flow->inverse + (size_t)k * (size_t)features, rows, features, error);
}

dn_status dn_flow_inverse(dn_flow *flow, const float *parameters, float *x, const float *z,
                          int rows, dn_error *error) {
    DN_TRY(check_rows(flow, rows, error));
    for (int k = flow->shape.blocks; k-- > 0;) {
        float *out = k == 0 ? x : flow->pass[k].output;
        DN_TRY(block_inverse(flow, parameters, k, out, z, rows, error));
        z = out;
    }
    return DN_OK;
}

/* One half: through the coupling, then through its subnet, whose input gradient is added to
 * `dinput`. */
static dn_status half_backward(dn_flow *flow, const float *parameters, int k, int index, float *dx,
                               float *dinput, const float *dy, const float *y, const float *x,
                               float dlog_det, int rows, dn_gradient_sink *sink, void *user,
                               dn_error *error) {
    const dn_compute *compute = flow->compute;
    const dn_subnet_pass *pass = &flow->pass[k].subnet[index];
    int features = flow->shape.features, half = features / 2;
    dn_subnet subnet = subnet_of(flow, parameters, k, index);
    DN_TRY(compute->backend->coupling_backward(
        compute->context, dx, flow->dst, dy, y, x, pass->output, dlog_det, rows, half, features,
        features, features, features, flow->shape.clamp, error));
    DN_TRY(dn_subnet_backward(&subnet, pass, &flow->scratch, flow->dhalf, flow->dst, rows, sink,
                              user, error));
    return compute->backend->copy_columns(compute->context, dinput, flow->dhalf, rows, half,
                                          features, half, 1, error);
}

/* Backward of block_forward, last line first; dy becomes the gradient of the block's input. */
static dn_status block_backward(dn_flow *flow, const float *parameters, int k, float *dx, float *dy,
                                float dlog_det, int rows, dn_gradient_sink *sink, void *user,
                                dn_error *error) {
    const dn_compute *compute = flow->compute;
    const block_pass *pass = &flow->pass[k];
    int features = flow->shape.features, half = features / 2;
    float *dp = flow->dpermuted;
    memset(dp, 0, (size_t)rows * (size_t)features * sizeof *dp);
    DN_TRY(half_backward(flow, parameters, k, 0, dp + half, dy, dy + half, pass->output + half,
                         pass->permuted + half, dlog_det, rows, sink, user, error));
    DN_TRY(half_backward(flow, parameters, k, 1, dp, dp + half, dy, pass->output, pass->permuted,
                         dlog_det, rows, sink, user, error));
    return compute->backend->permute(compute->context, dx, dp,
                                     flow->inverse + (size_t)k * (size_t)features, rows, features,
                                     error);
}

dn_status dn_flow_backward(dn_flow *flow, const float *parameters, float *dx, float *dz,
                           float dlog_det, int rows, dn_gradient_sink *sink, void *user,
                           dn_error *error) {
    DN_TRY(check_rows(flow, rows, error));
    if (flow->use == DN_FLOW_SCORE || (sink && flow->use != DN_FLOW_TRAIN))
        return dn_fail(error, DN_ERROR_ARGUMENT, "flow: backward of a flow made for %s",
                       sink ? "something else than training" : "scores alone");
    for (int k = flow->shape.blocks; k-- > 0;) {
        float *out = k == 0 && dx ? dx : dz;
        DN_TRY(block_backward(flow, parameters, k, out, dz, dlog_det, rows, sink, user, error));
    }
    return DN_OK;
}

double dn_flow_loss(float *dz, float *dlog_det, const float *z, const float *log_det, int rows,
                    int features) {
    double sum = 0.0, scale = 1.0 / ((double)rows * (double)features);
    for (int r = 0; r < rows; r++) {
        const float *row = z + (size_t)r * (size_t)features;
        double squares = 0.0;
        for (int i = 0; i < features; i++)
            squares += (double)row[i] * (double)row[i];
        sum += 0.5 * squares - (double)log_det[r];
    }
    if (dz)
        for (size_t i = 0; i < (size_t)rows * (size_t)features; i++)
            dz[i] = (float)((double)z[i] * scale);
    if (dlog_det)
        *dlog_det = (float)-scale;
    return sum * scale;
}
