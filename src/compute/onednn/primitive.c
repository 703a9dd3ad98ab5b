#include "compute/onednn/primitive.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <stdatomic.h>
#include <stdio.h>

#ifdef DN_USE_OPENMP
#include <omp.h>
#endif

static const char *status_text(dnnl_status_t status) {
    switch (status) {
    case dnnl_success:
        return "success";
    case dnnl_out_of_memory:
        return "out of memory";
    case dnnl_invalid_arguments:
        return "invalid arguments";
    case dnnl_unimplemented:
        return "not implemented for these extents";
    case dnnl_iterator_ends:
        return "no implementation left";
    case dnnl_runtime_error:
        return "run-time error";
    case dnnl_not_required:
        return "not required";
    default:
        return "unknown status";
    }
}

dn_status dn_onednn_fail(dn_error *error, const char *name, const char *step,
                         dnnl_status_t status) {
    return dn_fail(error, status == dnnl_out_of_memory ? DN_ERROR_MEMORY : DN_ERROR_UNSUPPORTED,
                   "oneDNN: %s: %s failed: %s", name, step, status_text(status));
}

#ifdef DN_USE_OPENMP
int dn_onednn_begin(void) {
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    return threads;
}

void dn_onednn_end(int threads) {
    omp_set_num_threads(threads);
}
#else
int dn_onednn_begin(void) {
    return 1;
}

void dn_onednn_end(int threads) {
    (void)threads;
}
#endif

dnnl_data_type_t dn_onednn_type(dn_element element) {
    static const dnnl_data_type_t types[] = {dnnl_f32, dnnl_bf16, dnnl_u8, dnnl_s8};
    return types[element];
}

static dnnl_status_t append_activation(dnnl_post_ops_t operations, const dn_finish *finish) {
    if (finish->activation == DN_ACTIVATION_RELU)
        return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
    if (finish->activation == DN_ACTIVATION_RELU6)
        return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_clip, 0, finish->limit);
    return dnnl_success;
}

static dnnl_status_t add_operations(dnnl_primitive_attr_t attributes, const dn_finish *finish) {
    dnnl_post_ops_t operations;
    dnnl_status_t status = dnnl_post_ops_create(&operations);
    if (status != dnnl_success)
        return status;
    if (finish->add_scale > 0)
        status = dnnl_post_ops_append_sum(operations, finish->add_scale);
    if (status == dnnl_success)
        status = append_activation(operations, finish);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, operations);
    dnnl_post_ops_destroy(operations);
    return status;
}

static dnnl_status_t add_finish(dnnl_primitive_attr_t attributes, const dn_finish *finish) {
    dnnl_status_t status =
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && finish->scales)
        status = dnnl_primitive_attr_set_output_scales(attributes, finish->channels, 1 << 1,
                                                       finish->scales);
    if (status == dnnl_success)
        status = add_operations(attributes, finish);
    return status;
}

dn_status dn_onednn_describe(const dn_onednn_context *context, const char *name,
                             const void *operation, const dn_finish *finish,
                             dnnl_primitive_desc_t *description, dn_error *error) {
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (status != dnnl_success)
        return dn_onednn_fail(error, name, "creating attributes", status);
    status = add_finish(attributes, finish);
    if (status == dnnl_success)
        status =
            dnnl_primitive_desc_create(description, operation, attributes, context->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return status == dnnl_success ? DN_OK
                                  : dn_onednn_fail(error, name, "choosing a kernel", status);
}

/* Grows a buffer of one piece per worker. */
static dn_status grow_pieces(const dn_onednn_context *context, float **buffer, size_t *size,
                             size_t needed, dn_error *error) {
    float *grown;
    needed = dn_workspace_round(needed);
    if (needed <= *size)
        return DN_OK;
    DN_TRY(dn_allocate_floats(&grown, (size_t)context->cpu.threads * needed, error));
    dn_release(*buffer);
    *buffer = grown;
    *size = needed;
    return DN_OK;
}

dn_status dn_onednn_reserve_block(dn_onednn_context *context, size_t count, dn_error *error) {
    return grow_pieces(context, &context->block, &context->block_size, count, error);
}

static dn_status add_argument(const dn_onednn_context *context, dn_primitive *self, int worker,
                              int place, dn_argument argument, dn_error *error) {
    dnnl_exec_arg_t *slot = &self->arguments[worker * self->count + place];
    dnnl_status_t status =
        dnnl_memory_create(&slot->memory, argument.layout, context->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->name, "creating a memory object", status);
    slot->arg = argument.kind;
    return DN_OK;
}

static dn_status add_arguments(dn_onednn_context *context, dn_primitive *self,
                               const_dnnl_primitive_desc_t description,
                               const dn_argument *arguments, int given, dn_error *error) {
    void *block;
    size_t slots = (size_t)self->workers * (size_t)self->count;
    const dnnl_memory_desc_t *scratchpad =
        dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    DN_TRY(grow_pieces(context, &context->scratchpad, &context->scratchpad_size,
                       dnnl_memory_desc_get_size(scratchpad) / sizeof(float) + 1, error));
    DN_TRY(dn_allocate(&block, slots, sizeof *self->arguments, error));
    self->arguments = block;
    for (int worker = 0; worker < self->workers; worker++) {
        for (int i = 0; i < given; i++)
            DN_TRY(add_argument(context, self, worker, i, arguments[i], error));
        DN_TRY(add_argument(context, self, worker, given,
                            (dn_argument){DNNL_ARG_SCRATCHPAD, scratchpad}, error));
    }
    return DN_OK;
}

dn_status dn_primitive_create(dn_onednn_context *context, dn_primitive *self,
                              const_dnnl_primitive_desc_t description, const dn_argument *arguments,
                              int count, dn_error *error) {
    self->count = count + 1;
    self->workers = context->cpu.threads;
    dnnl_status_t status = dnnl_primitive_create(&self->primitive, description);
    if (status != dnnl_success) {
        self->primitive = NULL;
        return dn_onednn_fail(error, self->name, "generating the kernel", status);
    }
    dn_status result = add_arguments(context, self, description, arguments, count, error);
    if (result != DN_OK)
        dn_primitive_destroy(self);
    return result;
}

void dn_primitive_destroy(dn_primitive *self) {
    for (int i = 0; self->arguments && i < self->workers * self->count; i++)
        dnnl_memory_destroy(self->arguments[i].memory);
    dn_release(self->arguments);
    dnnl_primitive_destroy(self->primitive);
    self->arguments = NULL;
    self->primitive = NULL;
}

/* oneDNN takes inputs and outputs by the same non-const handle. */
static void *writable(const void *pointer) {
    union {
        const void *read;
        void *write;
    } cast = {.read = pointer};
    return cast.write;
}

dnnl_status_t dn_primitive_run(dn_onednn_context *context, const dn_primitive *self, int worker,
                               const void *const *buffers) {
    dnnl_status_t status = dnnl_success;
    dnnl_exec_arg_t *arguments = self->arguments + worker * self->count;
    dnnl_stream_t stream = context->streams[worker];
    int last = self->count - 1;
    for (int i = 0; i < last && status == dnnl_success; i++)
        status = dnnl_memory_set_data_handle(arguments[i].memory, writable(buffers[i]));
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(arguments[last].memory,
                                             context->scratchpad +
                                                 (size_t)worker * context->scratchpad_size);
    if (status == dnnl_success)
        status = dnnl_primitive_execute(self->primitive, stream, self->count, arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(stream);
    return status;
}

typedef struct piece_run {
    dn_onednn_context *context;
    const dn_primitive *self;
    const dn_pieces *arguments;
    atomic_int status; /* of the last piece that failed */
} piece_run;

static void run_piece(void *context, int worker, size_t index) {
    piece_run *run = context;
    const void *buffers[DN_MAX_ARGUMENTS];
    for (int i = 0; i < run->self->count - 1; i++)
        buffers[i] = (const uint8_t *)run->arguments[i].base + index * run->arguments[i].step;
    dnnl_status_t status = dn_primitive_run(run->context, run->self, worker, buffers);
    if (status != dnnl_success)
        run->status = (int)status;
}

dn_status dn_primitive_run_pieces(dn_onednn_context *context, const dn_primitive *self,
                                  size_t count, const dn_pieces *arguments, dn_error *error) {
    piece_run run = {context, self, arguments, dnnl_success};
    int threads = dn_onednn_begin();
    dn_parallel_tasks(context->cpu.threads, count, run_piece, &run);
    dn_onednn_end(threads);
    dnnl_status_t status = (dnnl_status_t)run.status;
    return status == dnnl_success ? DN_OK : dn_onednn_fail(error, self->name, "execution", status);
}

static dn_status describe_reorder(const dn_onednn_context *context, const char *name,
                                  const dnnl_memory_desc_t *to, const dnnl_memory_desc_t *from,
                                  dnnl_primitive_desc_t *description, dn_error *error) {
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (status == dnnl_success) {
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
        status = dnnl_reorder_primitive_desc_create(description, from, context->engine, to,
                                                    context->engine, attributes);
        dnnl_primitive_attr_destroy(attributes);
    }
    return status == dnnl_success
               ? DN_OK
               : dn_onednn_fail(error, name, "choosing a reorder of weights", status);
}

dn_status dn_onednn_reorder(dn_onednn_context *context, const char *name,
                            const dnnl_memory_desc_t *to_layout, void *to,
                            const dnnl_memory_desc_t *from_layout, const void *from,
                            dn_error *error) {
    dnnl_primitive_desc_t description;
    dn_primitive primitive = {0};
    const dn_argument arguments[] = {{DNNL_ARG_FROM, from_layout}, {DNNL_ARG_TO, to_layout}};
    DN_TRY(describe_reorder(context, name, to_layout, from_layout, &description, error));
    snprintf(primitive.name, sizeof primitive.name, "%s", name);
    dn_status status = dn_primitive_create(context, &primitive, description, arguments, 2, error);
    dnnl_primitive_desc_destroy(description);
    DN_TRY(status);
    status =
        dn_primitive_run_pieces(context, &primitive, 1, (dn_pieces[]){{from, 0}, {to, 0}}, error);
    dn_primitive_destroy(&primitive);
    return status;
}
