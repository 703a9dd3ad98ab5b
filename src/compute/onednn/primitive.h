/*
 * oneDNN primitives that each run on one thread. Work is cut into pieces whose shapes do not depend
 * on the number of threads (an image, a block of a layer's outputs), and the pieces run side by
 * side: results are the same on any number of threads, and small pieces stay in a processor's
 * cache.
 */
#ifndef DN_COMPUTE_ONEDNN_PRIMITIVE_H
#define DN_COMPUTE_ONEDNN_PRIMITIVE_H

#include "compute/cpu/cpu.h"

#include <oneapi/dnnl/dnnl.h>

typedef struct dn_product dn_product;

typedef struct dn_onednn_context {
    dn_cpu_context cpu; /* the shared kernels read it */
    dn_element products;
    dnnl_engine_t engine;
    dnnl_stream_t *streams; /* one per worker */
    /* One piece per worker, shared by the context's primitives and grown when one is created.
     * oneDNN's own scratchpad would be shared by contexts that run at the same time. */
    float *scratchpad;
    size_t scratchpad_size; /* of one worker, in floats */
    dn_product *product;    /* prepared by linear_*, product.h */
    size_t product_count, product_capacity;
    uint16_t *narrowed[2];   /* factors of a product as bf16 */
    size_t narrowed_size[2]; /* in numbers */
    float *block;            /* one per worker: part of a gradient, or weights as bf16 */
    size_t block_size;       /* of one worker, in floats */
} dn_onednn_context;

enum { DN_MAX_ARGUMENTS = 4 };

typedef struct dn_primitive {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t *arguments; /* [workers][count]; the scratchpad is the last of each */
    int count, workers;
    char name[96]; /* the operation and its extents, for messages */
} dn_primitive;

typedef struct dn_argument {
    int kind; /* DNNL_ARG_... */
    const dnnl_memory_desc_t *layout;
} dn_argument;

/* "oneDNN: <name>: <step> failed: <status in words>" */
dn_status dn_onednn_fail(dn_error *error, const char *name, const char *step, dnnl_status_t status);

/* oneDNN takes its number of threads from the calling thread's OpenMP setting. All use of oneDNN
 * stands between begin, which sets one thread, and end, which restores what begin returned. */
int dn_onednn_begin(void);
void dn_onednn_end(int threads);

/* What is done to an operation's sums before they are written, in this order. */
typedef struct dn_finish {
    const float *scales; /* [channels], or NULL: sums of integers times this */
    int channels;
    float add_scale; /* adds this times what the output holds; 0: adds nothing */
    dn_activation activation;
    float limit; /* upper end of RELU6 in the output's numbers */
} dn_finish;

/* Chooses the implementation of an operation (dnnl_..._desc_t). */
dn_status dn_onednn_describe(const dn_onednn_context *context, const char *name,
                             const void *operation, const dn_finish *finish,
                             dnnl_primitive_desc_t *description, dn_error *error);

dnnl_data_type_t dn_onednn_type(dn_element element);

/* Creates the primitive of a description; the caller has set `name`. After a failure there is
 * nothing to destroy. */
dn_status dn_primitive_create(dn_onednn_context *context, dn_primitive *self,
                              const_dnnl_primitive_desc_t description, const dn_argument *arguments,
                              int count, dn_error *error);
void dn_primitive_destroy(dn_primitive *self);

/* Copies `from` into `to`, whose layouts may differ; `name` is for messages. Used for weights when
 * an object is created. */
dn_status dn_onednn_reorder(dn_onednn_context *context, const char *name,
                            const dnnl_memory_desc_t *to_layout, void *to,
                            const dnnl_memory_desc_t *from_layout, const void *from,
                            dn_error *error);

/* Runs on `buffers`, in the order of the arguments, with the stream and scratchpad of `worker`. */
dnnl_status_t dn_primitive_run(dn_onednn_context *context, const dn_primitive *self, int worker,
                               const void *const *buffers);

/* An argument of piece i is at `base` + i*step bytes. */
typedef struct dn_pieces {
    const void *base;
    size_t step;
} dn_pieces;

/* Runs pieces 0 .. count-1, arguments as at creation. */
dn_status dn_primitive_run_pieces(dn_onednn_context *context, const dn_primitive *self,
                                  size_t count, const dn_pieces *arguments, dn_error *error);

/* At least `count` floats for each worker, at context->block + worker * context->block_size. */
dn_status dn_onednn_reserve_block(dn_onednn_context *context, size_t count, dn_error *error);

#endif
