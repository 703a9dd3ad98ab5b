/* A oneDNN primitive together with the memory objects it works on. These are created once and
 * pointed at the caller's buffers for each run. */
#ifndef DN_COMPUTE_ONEDNN_PRIMITIVE_H
#define DN_COMPUTE_ONEDNN_PRIMITIVE_H

#include "compute/cpu/cpu.h"

#include <oneapi/dnnl/dnnl.h>

typedef struct dn_product dn_product;

typedef struct dn_onednn_context {
    dn_cpu_context cpu; /* the shared kernels read it */
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    /* One buffer for all primitives of the context, grown when one is created: oneDNN's own would
     * be shared between contexts that run at the same time. */
    float *scratchpad;
    size_t scratchpad_size;
    dn_product *products; /* prepared by linear_*, product.h */
    size_t product_count, product_capacity;
} dn_onednn_context;

enum { DN_MAX_ARGUMENTS = 4 };

typedef struct dn_primitive {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[DN_MAX_ARGUMENTS + 1]; /* the scratchpad last */
    int count;
    char name[96]; /* the operation and its extents, for messages */
} dn_primitive;

typedef struct dn_argument {
    int kind; /* DNNL_ARG_... */
    const dnnl_memory_desc_t *layout;
} dn_argument;

/* "oneDNN: <name>: <step> failed: <status in words>" */
dn_status dn_onednn_fail(dn_error *error, const char *name, const char *step, dnnl_status_t status);

/* oneDNN runs on as many OpenMP threads as the calling thread asks for. Both go around all use of
 * it; begin returns what end restores. */
int dn_onednn_begin(const dn_onednn_context *context);
void dn_onednn_end(int threads);

/* Describes an operation (dnnl_..._desc_t), with ReLU behind it where asked for. */
dn_status dn_onednn_describe(const dn_onednn_context *context, const char *name,
                             const void *operation, int relu, dnnl_primitive_desc_t *description,
                             dn_error *error);

/* Creates the primitive of a description; `name` was set by the caller. On failure nothing is left
 * to destroy. */
dn_status dn_primitive_create(dn_onednn_context *context, dn_primitive *self,
                              const_dnnl_primitive_desc_t description, const dn_argument *arguments,
                              int count, dn_error *error);
void dn_primitive_destroy(dn_primitive *self);

/* Copies `from` into `to`, whose layouts may differ; `name` is for messages. For weights, once. */
dn_status dn_onednn_reorder(dn_onednn_context *context, const char *name,
                            const dnnl_memory_desc_t *to_layout, float *to,
                            const dnnl_memory_desc_t *from_layout, const float *from,
                            dn_error *error);

/* Runs on `buffers`, in the order of the arguments. */
dn_status dn_primitive_run(dn_onednn_context *context, dn_primitive *self,
                           const void *const *buffers, dn_error *error);

#endif
