/* Builds an ONNX graph node by node and writes it through ONNX's own protobuf definition. A failed
 * allocation is remembered and reported once, when the graph is written. */
#ifndef DN_INTERCHANGE_ONNX_GRAPH_H
#define DN_INTERCHANGE_ONNX_GRAPH_H

#include "tensors/tensor_file.h"

enum { DN_ONNX_OPSET = 17, DN_ONNX_IR = 8 };

/* Element types, by the numbers of the format. */
typedef enum dn_onnx_type {
    DN_ONNX_FLOAT = 1,
    DN_ONNX_UINT8 = 2,
    DN_ONNX_INT32 = 6,
    DN_ONNX_INT64 = 7,
    DN_ONNX_BOOL = 9,
    DN_ONNX_FLOAT16 = 10
} dn_onnx_type;

/* A model or the body of one of its nodes. Names of values live as long as the model. */
typedef struct dn_onnx dn_onnx;

dn_status dn_onnx_create(const char *name, dn_onnx **model, dn_error *error);
void dn_onnx_destroy(dn_onnx *model);

/* A graph for dn_onnx_body_attribute; it sees the values of the graph around it. */
dn_onnx *dn_onnx_body(dn_onnx *parent, const char *name);

/* Adds a node with the inputs up to a NULL and returns the name of its first output. */
const char *dn_onnx_node(dn_onnx *graph, const char *operation, const char *const *inputs);
#define DN_ONNX_NODE(graph, operation, ...)                                                        \
    dn_onnx_node(graph, operation, (const char *const[]){__VA_ARGS__, NULL})

/* One more output of the last node. */
const char *dn_onnx_more_output(dn_onnx *graph);

/* Attributes of the last node. */
void dn_onnx_int(dn_onnx *graph, const char *name, int64_t value);
void dn_onnx_real(dn_onnx *graph, const char *name, float value);
void dn_onnx_ints(dn_onnx *graph, const char *name, const int64_t *values, size_t count);
void dn_onnx_text(dn_onnx *graph, const char *name, const char *value);
void dn_onnx_body_attribute(dn_onnx *graph, const char *name, dn_onnx *body);

/* Constants; all are kept in the outermost graph. The first refers to the tensor's bytes, which
 * must outlive the model, the others copy. */
const char *dn_onnx_tensor(dn_onnx *graph, const dn_tensor *tensor);
const char *dn_onnx_floats(dn_onnx *graph, const float *values, size_t count);
const char *dn_onnx_matrix(dn_onnx *graph, const float *values, size_t rows, size_t columns);
const char *dn_onnx_scalar(dn_onnx *graph, float value);
const char *dn_onnx_indices(dn_onnx *graph, const int64_t *values, size_t count);

/* Inputs and outputs; a dimension of -1 is the batch "N". An output takes over the value's name. */
void dn_onnx_input(dn_onnx *graph, const char *name, dn_onnx_type type, const int64_t *dimensions,
                   size_t rank);
void dn_onnx_output(dn_onnx *graph, const char *value, const char *name, dn_onnx_type type,
                    const int64_t *dimensions, size_t rank);
void dn_onnx_property(dn_onnx *model, const char *key, const char *value);

/* Memory for as long as the model lives, zeroed; NULL once memory ran out. */
void *dn_onnx_memory(dn_onnx *graph, size_t size);

/* Writes the file, whole or not at all. DN_ERROR_UNSUPPORTED above protobuf's 2 GiB. */
dn_status dn_onnx_write(const dn_onnx *model, const char *path, dn_error *error);

#endif
