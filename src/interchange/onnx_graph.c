#include "interchange/onnx_graph.h"

#include "base/file.h"
#include "base/memory.h"

#include <onnx/onnx.pb-c.h>
#include <stdio.h>
#include <string.h>

/* Blocks of memory in a list; freed all at once. */
typedef struct block {
    struct block *next;
} block;

struct dn_onnx {
    dn_onnx *root; /* owns memory, constants and the counter of names */
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__NodeProto *last;
    block *memory;
    unsigned names;
    int failed;
};

/* ---- Memory ---------------------------------------------------------------------------------- */

void *dn_onnx_memory(dn_onnx *graph, size_t size) {
    void *allocated;
    dn_onnx *root = graph->root;
    if (root->failed || dn_allocate(&allocated, 1, DN_ALIGNMENT + size, NULL) != DN_OK) {
        root->failed = 1;
        return NULL;
    }
    block *added = allocated;
    added->next = root->memory;
    root->memory = added;
    return (uint8_t *)allocated + DN_ALIGNMENT;
}

static void *copy_bytes(dn_onnx *graph, const void *bytes, size_t size) {
    void *copy = dn_onnx_memory(graph, size);
    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static char *copy_text(dn_onnx *graph, const char *text) {
    return copy_bytes(graph, text, strlen(text) + 1);
}

/* Puts an item at the end of an array of pointers of a message. Arrays grow by doubling: room is
 * made whenever the count is a power of two. */
static void append_item(dn_onnx *graph, void *array_of_items, size_t *count, void *item) {
    void **items;
    memcpy(&items, array_of_items, sizeof items);
    if ((*count & (*count - 1)) == 0) {
        void **larger = dn_onnx_memory(graph, 2 * (*count + 1) * sizeof *items);
        if (!larger)
            return;
        if (*count > 0)
            memcpy(larger, items, *count * sizeof *items);
        items = larger;
        memcpy(array_of_items, &items, sizeof items);
    }
    items[(*count)++] = item;
}

/* ---- Graphs ---------------------------------------------------------------------------------- */

static void begin_graph(dn_onnx *graph, dn_onnx *root, const char *name) {
    graph->root = root;
    onnx__model_proto__init(&graph->model);
    onnx__graph_proto__init(&graph->graph);
    graph->graph.name = copy_text(graph, name);
}

dn_status dn_onnx_create(const char *name, dn_onnx **model, dn_error *error) {
    void *allocated;
    *model = NULL;
    DN_TRY(dn_allocate(&allocated, 1, sizeof **model, error));
    *model = allocated;
    begin_graph(*model, *model, name);
    return DN_OK;
}

dn_onnx *dn_onnx_body(dn_onnx *parent, const char *name) {
    dn_onnx *body = dn_onnx_memory(parent, sizeof *body);
    if (body)
        begin_graph(body, parent->root, name);
    return body ? body : parent; /* parent's root remembers the failure */
}

void dn_onnx_destroy(dn_onnx *model) {
    if (!model)
        return;
    for (block *next; model->memory; model->memory = next) {
        next = model->memory->next;
        dn_release(model->memory);
    }
    dn_release(model);
}

/* ---- Nodes ----------------------------------------------------------------------------------- */

static char *fresh_name(dn_onnx *graph, const char *stem) {
    char name[64];
    snprintf(name, sizeof name, "%.40s_%u", stem, graph->root->names++);
    return copy_text(graph, name);
}

const char *dn_onnx_node(dn_onnx *graph, const char *operation, const char *const *inputs) {
    Onnx__NodeProto *node = dn_onnx_memory(graph, sizeof *node);
    if (!node)
        return "";
    onnx__node_proto__init(node);
    node->op_type = copy_text(graph, operation);
    for (; *inputs; inputs++)
        append_item(graph, &node->input, &node->n_input, copy_text(graph, *inputs));
    append_item(graph, &graph->graph.node, &graph->graph.n_node, node);
    graph->last = node;
    return dn_onnx_more_output(graph);
}

const char *dn_onnx_more_output(dn_onnx *graph) {
    if (graph->root->failed)
        return "";
    char *name = fresh_name(graph, graph->last->op_type);
    append_item(graph, &graph->last->output, &graph->last->n_output, name);
    return name ? name : "";
}

static Onnx__AttributeProto *attribute(dn_onnx *graph, const char *name,
                                       Onnx__AttributeProto__AttributeType type) {
    Onnx__AttributeProto *added = dn_onnx_memory(graph, sizeof *added);
    if (!added)
        return NULL;
    onnx__attribute_proto__init(added);
    added->name = copy_text(graph, name);
    added->has_type = 1;
    added->type = type;
    append_item(graph, &graph->last->attribute, &graph->last->n_attribute, added);
    return added;
}

void dn_onnx_int(dn_onnx *graph, const char *name, int64_t value) {
    Onnx__AttributeProto *added =
        attribute(graph, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    if (!added)
        return;
    added->has_i = 1;
    added->i = value;
}

void dn_onnx_real(dn_onnx *graph, const char *name, float value) {
    Onnx__AttributeProto *added =
        attribute(graph, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    if (!added)
        return;
    added->has_f = 1;
    added->f = value;
}

void dn_onnx_ints(dn_onnx *graph, const char *name, const int64_t *values, size_t count) {
    Onnx__AttributeProto *added =
        attribute(graph, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    if (!added)
        return;
    added->ints = copy_bytes(graph, values, count * sizeof *values);
    added->n_ints = count;
}

void dn_onnx_text(dn_onnx *graph, const char *name, const char *value) {
    Onnx__AttributeProto *added =
        attribute(graph, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    if (!added)
        return;
    added->has_s = 1;
    added->s.data = (uint8_t *)copy_text(graph, value);
    added->s.len = strlen(value);
}

void dn_onnx_body_attribute(dn_onnx *graph, const char *name, dn_onnx *body) {
    Onnx__AttributeProto *added =
        attribute(graph, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH);
    if (added)
        added->g = &body->graph;
}

/* ---- Constants ------------------------------------------------------------------------------- */

static const char *constant(dn_onnx *graph, const char *name, dn_onnx_type type,
                            const size_t *shape, int rank, const void *bytes, size_t size) {
    Onnx__GraphProto *outermost = &graph->root->graph;
    Onnx__TensorProto *added = dn_onnx_memory(graph, sizeof *added);
    int64_t *dims = dn_onnx_memory(graph, (size_t)rank * sizeof *dims);
    if (!added || !dims)
        return "";
    onnx__tensor_proto__init(added);
    for (int i = 0; i < rank; i++)
        dims[i] = (int64_t)shape[i];
    added->name = copy_text(graph, name);
    added->dims = dims;
    added->n_dims = (size_t)rank;
    added->has_data_type = 1;
    added->data_type = (int32_t)type;
    added->has_raw_data = 1;
    added->raw_data.data = (uint8_t *)bytes;
    added->raw_data.len = size;
    append_item(graph, &outermost->initializer, &outermost->n_initializer, added);
    return added->name;
}

const char *dn_onnx_tensor(dn_onnx *graph, const dn_tensor *tensor) {
    dn_onnx_type type = tensor->dtype == DN_F16   ? DN_ONNX_FLOAT16
                        : tensor->dtype == DN_I32 ? DN_ONNX_INT32
                        : tensor->dtype == DN_I64 ? DN_ONNX_INT64
                                                  : DN_ONNX_FLOAT;
    return constant(graph, tensor->name, type, tensor->shape, tensor->rank, tensor->data,
                    tensor->bytes);
}

const char *dn_onnx_floats(dn_onnx *graph, const float *values, size_t count) {
    const void *copy = copy_bytes(graph, values, count * sizeof *values);
    return constant(graph, fresh_name(graph, "floats"), DN_ONNX_FLOAT, &count, 1, copy,
                    count * sizeof *values);
}

const char *dn_onnx_matrix(dn_onnx *graph, const float *values, size_t rows, size_t columns) {
    const size_t shape[] = {rows, columns}, size = rows * columns * sizeof *values;
    const void *copy = copy_bytes(graph, values, size);
    return constant(graph, fresh_name(graph, "matrix"), DN_ONNX_FLOAT, shape, 2, copy, size);
}

const char *dn_onnx_scalar(dn_onnx *graph, float value) {
    const void *copy = copy_bytes(graph, &value, sizeof value);
    return constant(graph, fresh_name(graph, "scalar"), DN_ONNX_FLOAT, NULL, 0, copy, sizeof value);
}

const char *dn_onnx_indices(dn_onnx *graph, const int64_t *values, size_t count) {
    const void *copy = copy_bytes(graph, values, count * sizeof *values);
    return constant(graph, fresh_name(graph, "indices"), DN_ONNX_INT64, &count, 1, copy,
                    count * sizeof *values);
}

/* ---- Inputs, outputs, properties ------------------------------------------------------------- */

static Onnx__TensorShapeProto *shape_of(dn_onnx *graph, const int64_t *dimensions, size_t rank) {
    Onnx__TensorShapeProto *shape = dn_onnx_memory(graph, sizeof *shape);
    if (!shape)
        return NULL;
    onnx__tensor_shape_proto__init(shape);
    for (size_t i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *dimension = dn_onnx_memory(graph, sizeof *dimension);
        if (!dimension)
            return NULL;
        onnx__tensor_shape_proto__dimension__init(dimension);
        if (dimensions[i] < 0) {
            dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dimension->dim_param = copy_text(graph, "N");
        } else {
            dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dimension->dim_value = dimensions[i];
        }
        append_item(graph, &shape->dim, &shape->n_dim, dimension);
    }
    return shape;
}

static Onnx__ValueInfoProto *value_info(dn_onnx *graph, const char *name, dn_onnx_type type,
                                        const int64_t *dimensions, size_t rank) {
    Onnx__ValueInfoProto *info = dn_onnx_memory(graph, sizeof *info);
    Onnx__TypeProto *kind = dn_onnx_memory(graph, sizeof *kind);
    Onnx__TypeProto__Tensor *tensor = dn_onnx_memory(graph, sizeof *tensor);
    if (!info || !kind || !tensor)
        return NULL;
    onnx__value_info_proto__init(info);
    onnx__type_proto__init(kind);
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = 1;
    tensor->elem_type = (int32_t)type;
    tensor->shape = shape_of(graph, dimensions, rank);
    kind->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    kind->tensor_type = tensor;
    info->name = copy_text(graph, name);
    info->type = kind;
    return info;
}

void dn_onnx_input(dn_onnx *graph, const char *name, dn_onnx_type type, const int64_t *dimensions,
                   size_t rank) {
    Onnx__ValueInfoProto *info = value_info(graph, name, type, dimensions, rank);
    if (info)
        append_item(graph, &graph->graph.input, &graph->graph.n_input, info);
}

void dn_onnx_output(dn_onnx *graph, const char *value, const char *name, dn_onnx_type type,
                    const int64_t *dimensions, size_t rank) {
    Onnx__ValueInfoProto *info = value_info(graph, name, type, dimensions, rank);
    dn_onnx_node(graph, "Identity", (const char *const[]){value, NULL});
    if (!info || graph->root->failed)
        return;
    graph->last->output[0] = info->name;
    append_item(graph, &graph->graph.output, &graph->graph.n_output, info);
}

void dn_onnx_property(dn_onnx *model, const char *key, const char *value) {
    Onnx__StringStringEntryProto *entry = dn_onnx_memory(model, sizeof *entry);
    if (!entry)
        return;
    onnx__string_string_entry_proto__init(entry);
    entry->key = copy_text(model, key);
    entry->value = copy_text(model, value);
    append_item(model, &model->model.metadata_props, &model->model.n_metadata_props, entry);
}

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct stream_buffer {
    ProtobufCBuffer base;
    FILE *stream;
} stream_buffer;

static void append_to_stream(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes) {
    fwrite(bytes, 1, size, ((stream_buffer *)buffer)->stream); /* failures show at the commit */
}

static void finish_model(const dn_onnx *model, Onnx__ModelProto *message,
                         Onnx__OperatorSetIdProto *operators) {
    static char domain[] = "", producer[] = "differnet";
    onnx__operator_set_id_proto__init(operators);
    operators->domain = domain;
    operators->has_version = 1;
    operators->version = DN_ONNX_OPSET;
    *message = model->model;
    message->has_ir_version = 1;
    message->ir_version = DN_ONNX_IR;
    message->producer_name = producer;
    message->producer_version = (char *)dn_version();
}

dn_status dn_onnx_write(const dn_onnx *model, const char *path, dn_error *error) {
    Onnx__ModelProto message;
    Onnx__OperatorSetIdProto operators, *list = &operators;
    Onnx__GraphProto graph = model->graph;
    dn_output output;
    if (model->failed)
        return dn_fail(error, DN_ERROR_MEMORY, "%s: out of memory for the graph", path);
    finish_model(model, &message, &operators);
    message.graph = &graph;
    message.opset_import = &list;
    message.n_opset_import = 1;
    size_t size = protobuf_c_message_get_packed_size(&message.base);
    if (size > INT32_MAX)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "%s: the graph takes %zu bytes, ONNX files have less than 2 GiB: try --half",
                       path, size);
    DN_TRY(dn_output_open(&output, path, error));
    stream_buffer buffer = {.base = {append_to_stream}, .stream = output.stream};
    protobuf_c_message_pack_to_buffer(&message.base, &buffer.base);
    return dn_output_commit(&output, error);
}
