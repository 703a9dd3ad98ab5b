#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/product.h"

#include <pthread.h>
#include <stdio.h>

/* On other processors than x86-64, oneDNN's numbers for instructions mean others. */
static int has(dnnl_cpu_isa_t isa) {
#ifdef __x86_64__
    return (dnnl_get_effective_cpu_isa() & isa) == isa;
#else
    (void)isa;
    return 0;
#endif
}

/* The instructions that oneDNN uses; ONEDNN_MAX_CPU_ISA may limit them. */
static const char *library_instructions(void) {
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } known[] = {{dnnl_cpu_isa_avx512_core_amx, "AVX-512, VNNI, BF16, AMX"},
                 {dnnl_cpu_isa_avx512_core_bf16, "AVX-512, VNNI, BF16"},
                 {dnnl_cpu_isa_avx512_core_vnni, "AVX-512, VNNI"},
                 {dnnl_cpu_isa_avx512_core, "AVX-512"},
                 {dnnl_cpu_isa_avx2_vnni, "AVX2, VNNI"},
                 {dnnl_cpu_isa_avx2, "AVX2"},
                 {dnnl_cpu_isa_avx, "AVX"},
                 {dnnl_cpu_isa_sse41, "SSE4.1"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (has(known[i].isa))
            return known[i].name;
#ifdef __aarch64__
    return "Arm";
#else
    return "below SSE4.1";
#endif
}

/* Filled once; then constant. */
static struct descriptions {
    pthread_once_t once;
    char version[64], instructions[128];
} descriptions = {.once = PTHREAD_ONCE_INIT};

static void describe(void) {
    const dnnl_version_t *library = dnnl_version();
    int prefers_ymm = dnnl_get_cpu_isa_hints() == dnnl_cpu_isa_prefer_ymm;
    snprintf(descriptions.version, sizeof descriptions.version, "oneDNN %d.%d.%d", library->major,
             library->minor, library->patch);
    snprintf(descriptions.instructions, sizeof descriptions.instructions, "%s%s; own kernels %s",
             library_instructions(), prefers_ymm ? ", 256 bits preferred" : "",
             dn_cpu_instructions());
}

static const char *version(void) {
    pthread_once(&descriptions.once, describe);
    return descriptions.version;
}

static const char *instructions(void) {
    pthread_once(&descriptions.once, describe);
    return descriptions.instructions;
}

static dn_precision precision(dn_precision wanted) {
    if (wanted == DN_PRECISION_INT8 && has(dnnl_cpu_isa_avx512_core_vnni))
        return wanted;
    return wanted != DN_PRECISION_F32 && has(dnnl_cpu_isa_avx512_core_bf16) ? DN_PRECISION_BF16
                                                                            : DN_PRECISION_F32;
}

static dn_element products(dn_precision chosen) {
    return chosen != DN_PRECISION_F32 && has(dnnl_cpu_isa_avx512_core_bf16) ? DN_ELEMENT_BF16
                                                                            : DN_ELEMENT_F32;
}

static void close_context(void *context) {
    dn_onednn_context *self = context;
    if (!self)
        return;
    dn_products_destroy(self);
    for (int i = 0; self->streams && i < self->cpu.threads; i++)
        dnnl_stream_destroy(self->streams[i]);
    dnnl_engine_destroy(self->engine);
    dn_release((void *)self->streams);
    dn_release(self->scratchpad);
    dn_release(self->narrowed[0]);
    dn_release(self->narrowed[1]);
    dn_release(self->block);
    dn_release(self);
}

static dn_status start(dn_onednn_context *self, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, (size_t)self->cpu.threads, sizeof *self->streams, error));
    self->streams = block;
    dnnl_status_t status = dnnl_engine_create(&self->engine, dnnl_cpu, 0);
    for (int i = 0; i < self->cpu.threads && status == dnnl_success; i++)
        status = dnnl_stream_create(&self->streams[i], self->engine, dnnl_stream_default_flags);
    return status == dnnl_success
               ? DN_OK
               : dn_onednn_fail(error, "start", "creating engine and streams", status);
}

static dn_status open_context(int threads, dn_precision chosen, void **context, dn_error *error) {
    *context = NULL;
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_onednn_context), error));
    dn_onednn_context *self = block;
    self->cpu.threads = threads;
    self->products = products(chosen);
    dn_status status = start(self, error);
    if (status == DN_OK)
        *context = self;
    else
        close_context(self);
    return status;
}

const dn_backend dn_onednn_backend = {
    .name = "onednn",
    .is_concurrent = 1,
    .version = version,
    .instructions = instructions,
    .precision = precision,
    .products = products,
    .open = open_context,
    .close = close_context,
    .convolution_create = dn_onednn_convolution_create,
    .convolution_forward = dn_onednn_convolution_forward,
    .convolution_destroy = dn_onednn_convolution_destroy,
    .convolution_gradient_create = dn_onednn_convolution_gradient_create,
    .convolution_gradient_run = dn_onednn_convolution_gradient_run,
    .convolution_gradient_destroy = dn_onednn_convolution_gradient_destroy,
    .pooling_create = dn_onednn_pooling_create,
    .pooling_forward = dn_onednn_pooling_forward,
    .pooling_destroy = dn_onednn_pooling_destroy,
    .linear_forward = dn_onednn_linear_forward,
    .linear_backward_input = dn_onednn_linear_backward_input,
    .linear_backward_weights = dn_onednn_linear_backward_weights,
    .linear_train = dn_onednn_linear_train,
    DN_CPU_OPERATORS,
};
