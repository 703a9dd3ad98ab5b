#include "compute/onednn/primitive.h"

#include "base/memory.h"

#ifdef DN_USE_OPENMP
#include <omp.h>
#endif
#include <stdio.h>

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
int dn_onednn_begin(const dn_onednn_context *context) {
    int threads = omp_get_max_threads();
    omp_set_num_threads(context->cpu.threads);
    return threads;
}

void dn_onednn_end(int threads) {
    omp_set_num_threads(threads);
}
#else
int dn_onednn_begin(const dn_onednn_context *context) {
    return context->cpu.threads;
}

void dn_onednn_end(int threads) {
    (void)threads;
}
#endif

static dnnl_status_t add_relu(dnnl_primitive_attr_t attributes) {
    dnnl_post_ops_t operations;
    dnnl_status_t status = dnnl_post_ops_create(&operations);
    if (status != dnnl_success)
        return status;
    status = dnnl_post_ops_append_eltwise(operations, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, operations);
    dnnl_post_ops_destroy(operations);
    return status;
}

dn_status dn_onednn_describe(const dn_onednn_context *context, const char *name,
                             const void *operation, int relu, dnnl_primitive_desc_t *description,
                             dn_error *error) {
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (status != dnnl_success)
        return dn_onednn_fail(error, name, "creating attributes", status);
    status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && relu)
        status = add_relu(attributes);
    if (status == dnnl_success)
        status =
            dnnl_primitive_desc_create(description, operation, attributes, context->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return status == dnnl_success ? DN_OK
                                  : dn_onednn_fail(error, name, "choosing a kernel", status);
}

static dn_status grow_scratchpad(dn_onednn_context *context, size_t size, dn_error *error) {
    if (size <= context->scratchpad_size)
        return DN_OK;
    float *grown;
    DN_TRY(dn_allocate_floats(&grown, (size + sizeof *grown - 1) / sizeof *grown, error));
    dn_release(context->scratchpad);
    context->scratchpad = grown;
    context->scratchpad_size = size;
    return DN_OK;
}

static dn_status add_argument(dn_onednn_context *context, dn_primitive *self, dn_argument argument,
                              dn_error *error) {
    dnnl_exec_arg_t *slot = &self->arguments[self->count];
    dnnl_status_t status =
        dnnl_memory_create(&slot->memory, argument.layout, context->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->name, "creating a memory object", status);
    slot->arg = argument.kind;
    self->count++;
    return DN_OK;
}

static dn_status add_arguments(dn_onednn_context *context, dn_primitive *self,
                               const_dnnl_primitive_desc_t description,
                               const dn_argument *arguments, int count, dn_error *error) {
    for (int i = 0; i < count; i++)
        DN_TRY(add_argument(context, self, arguments[i], error));
    const dnnl_memory_desc_t *scratchpad =
        dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    DN_TRY(grow_scratchpad(context, dnnl_memory_desc_get_size(scratchpad), error));
    return add_argument(context, self, (dn_argument){DNNL_ARG_SCRATCHPAD, scratchpad}, error);
}

dn_status dn_primitive_create(dn_onednn_context *context, dn_primitive *self,
                              const_dnnl_primitive_desc_t description, const dn_argument *arguments,
                              int count, dn_error *error) {
    self->count = 0;
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
    for (int i = 0; i < self->count; i++)
        dnnl_memory_destroy(self->arguments[i].memory);
    dnnl_primitive_destroy(self->primitive);
    self->count = 0;
    self->primitive = NULL;
}

/* oneDNN's interface has one handle for what it reads and what it writes. */
static void *writable(const void *pointer) {
    union {
        const void *read;
        void *write;
    } cast = {.read = pointer};
    return cast.write;
}

dn_status dn_primitive_run(dn_onednn_context *context, dn_primitive *self,
                           const void *const *buffers, dn_error *error) {
    dnnl_status_t status = dnnl_success;
    int last = self->count - 1;
    for (int i = 0; i < last && status == dnnl_success; i++)
        status = dnnl_memory_set_data_handle(self->arguments[i].memory, writable(buffers[i]));
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(self->arguments[last].memory, context->scratchpad);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->name, "passing buffers", status);
    int threads = dn_onednn_begin(context);
    status = dnnl_primitive_execute(self->primitive, context->stream, self->count, self->arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(context->stream);
    dn_onednn_end(threads);
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
                            const dnnl_memory_desc_t *to_layout, float *to,
                            const dnnl_memory_desc_t *from_layout, const float *from,
                            dn_error *error) {
    dnnl_primitive_desc_t description;
    dn_primitive primitive = {0};
    const dn_argument arguments[] = {{DNNL_ARG_FROM, from_layout}, {DNNL_ARG_TO, to_layout}};
    DN_TRY(describe_reorder(context, name, to_layout, from_layout, &description, error));
    snprintf(primitive.name, sizeof primitive.name, "%s", name);
    dn_status status = dn_primitive_create(context, &primitive, description, arguments, 2, error);
    dnnl_primitive_desc_destroy(description);
    DN_TRY(status);
    status = dn_primitive_run(context, &primitive, (const void *[]){from, to}, error);
    dn_primitive_destroy(&primitive);
    return status;
}
