#include "base/mt19937.h"
#include "interchange/onnx_parts.h"

/* ---- Flow ------------------------------------------------------------------------------------ */

static const char *flow_weights(dn_onnx_exporter *self, size_t index) {
    dn_flow_tensor source;
    dn_flow_tensor_at(&self->detector->flow, index, &source);
    dn_tensor tensor = {.name = source.name, .dtype = DN_F32, .rank = source.rank};
    tensor.shape[0] = source.shape[0];
    tensor.shape[1] = source.shape[1];
    tensor.data = self->detector->parameters + source.offset;
    tensor.bytes = source.count * sizeof(float);
    return dn_onnx_weights(self, self->graph, &tensor);
}

typedef struct halves {
    const char *first, *second;
} halves;

static halves split(dn_onnx *graph, const char *value) {
    halves parts = {.first = DN_ONNX_NODE(graph, "Split", value)};
    dn_onnx_int(graph, "axis", 1);
    parts.second = dn_onnx_more_output(graph);
    return parts;
}

static const char *permuted(dn_onnx_exporter *self, const char *value, int k) {
    uint32_t count = (uint32_t)self->detector->flow.features;
    uint32_t *drawn = dn_onnx_memory(self->graph, count * sizeof *drawn);
    int64_t *order = dn_onnx_memory(self->graph, count * sizeof *order);
    if (!drawn || !order)
        return "";
    dn_numpy_permutation((uint32_t)k, drawn, count);
    for (uint32_t i = 0; i < count; i++)
        order[i] = drawn[i];
    value = DN_ONNX_NODE(self->graph, "Gather", value, dn_onnx_indices(self->graph, order, count));
    dn_onnx_int(self->graph, "axis", 1);
    return value;
}

/* Linear-ReLU three times, Linear; `first` numbers the subnet's first tensor. */
static halves subnet(dn_onnx_exporter *self, const char *value, size_t first) {
    enum { LAYERS = 4 };
    for (size_t layer = 0; layer < LAYERS; layer++) {
        const char *weight = flow_weights(self, first + 2 * layer);
        const char *bias = flow_weights(self, first + 2 * layer + 1);
        value = DN_ONNX_NODE(self->graph, "Gemm", value, weight, bias);
        dn_onnx_int(self->graph, "transB", 1);
        if (layer + 1 < LAYERS)
            value = DN_ONNX_NODE(self->graph, "Relu", value);
    }
    return split(self->graph, value);
}

/* y = clip(exp(clamp * 0.636 * atan(s / clamp)) * x + t) */
static const char *coupled(dn_onnx_exporter *self, const char *x, halves st) {
    dn_onnx *graph = self->graph;
    float clamp = self->detector->flow.clamp;
    const char *value = DN_ONNX_NODE(graph, "Div", st.first, dn_onnx_scalar(graph, clamp));
    value = DN_ONNX_NODE(graph, "Atan", value);
    value = DN_ONNX_NODE(graph, "Mul", value, dn_onnx_scalar(graph, clamp * 0.636f));
    value = DN_ONNX_NODE(graph, "Exp", value);
    value = DN_ONNX_NODE(graph, "Mul", value, x);
    value = DN_ONNX_NODE(graph, "Add", value, st.second);
    return DN_ONNX_NODE(graph, "Clip", value, dn_onnx_scalar(graph, -1e6f),
                        dn_onnx_scalar(graph, 1e6f));
}

/* docs/flow.md, equation by equation. */
const char *dn_onnx_flow(dn_onnx_exporter *self, const char *rows) {
    const char *value = rows;
    size_t subnet_tensors =
        dn_flow_tensor_count(&self->detector->flow) / (2 * (size_t)self->detector->flow.blocks);
    for (int k = 0; k < self->detector->flow.blocks; k++) {
        size_t s1 = 2 * (size_t)k * subnet_tensors, s2 = s1 + subnet_tensors;
        halves p = split(self->graph, permuted(self, value, k));
        const char *y1 = coupled(self, p.first, subnet(self, p.second, s2));
        const char *y2 = coupled(self, p.second, subnet(self, y1, s1));
        value = DN_ONNX_NODE(self->graph, "Concat", y1, y2);
        dn_onnx_int(self->graph, "axis", 1);
    }
    return value;
}
