#include "compute/compute.h"

#include "base/parallel.h"
#include "compute/portable/portable.h"
#include "compute/reference/reference.h"
#ifdef DN_USE_ONEDNN
#include "compute/onednn/onednn.h"
#endif

#include <string.h>

/* The definition first, the fastest last: oneDNN has fast convolutions for x86-64 alone. */
static const dn_backend *const backends[] = {
    &dn_reference_backend,
#if defined DN_USE_ONEDNN && !defined __x86_64__
    &dn_onednn_backend,
#endif
    &dn_portable_backend,
#if defined DN_USE_ONEDNN && defined __x86_64__
    &dn_onednn_backend,
#endif
};

enum { BACKENDS = sizeof backends / sizeof *backends };

const dn_backend *dn_backend_at(size_t index) {
    return index < BACKENDS ? backends[index] : NULL;
}

static dn_status fail_unknown(const char *name, dn_error *error) {
    char names[256] = "auto";
    for (size_t i = 0; i < BACKENDS; i++) {
        strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, backends[i]->name, sizeof names - strlen(names) - 1);
    }
    return dn_fail(error, DN_ERROR_UNSUPPORTED,
                   "compute: this build has no backend \"%s\"; it has %s", name, names);
}

static dn_status find_backend(const char *name, const dn_backend **backend, dn_error *error) {
    *backend = backends[BACKENDS - 1];
    if (strcmp(name, "auto") == 0)
        return DN_OK;
    for (size_t i = 0; i < BACKENDS; i++)
        if (strcmp(name, backends[i]->name) == 0) {
            *backend = backends[i];
            return DN_OK;
        }
    return fail_unknown(name, error);
}

dn_status dn_compute_plan(const char *name, dn_precision wanted, dn_precision *real,
                          dn_element *products, dn_error *error) {
    const dn_backend *backend;
    DN_TRY(find_backend(name, &backend, error));
    *real = backend->precision(wanted);
    *products = backend->products(*real);
    return DN_OK;
}

dn_status dn_compute_open_in(const char *name, dn_precision precision, int threads,
                             dn_compute *compute, dn_error *error) {
    *compute = (dn_compute){0};
    const dn_backend *backend;
    DN_TRY(find_backend(name, &backend, error));
    if (threads < 0)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "compute: threads is %d, expected 0 (all processors) or more", threads);
    void *context;
    int count = threads > 0 ? threads : dn_processor_count();
    dn_precision real = backend->precision(precision);
    DN_TRY(backend->open(count, real, &context, error));
    *compute = (dn_compute){backend, context, count, real, backend->products(real)};
    return DN_OK;
}

dn_status dn_compute_open(const char *name, int threads, dn_compute *compute, dn_error *error) {
    return dn_compute_open_in(name, DN_PRECISION_F32, threads, compute, error);
}

static const char *const precision_names[DN_PRECISIONS] = {"f32", "bf16", "int8"};

const char *dn_precision_name(dn_precision precision) {
    return precision_names[precision];
}

dn_precision dn_precision_of(const char *name) {
    int precision = 0;
    while (precision < DN_PRECISIONS && strcmp(name, precision_names[precision]) != 0)
        precision++;
    return (dn_precision)precision;
}

void dn_compute_close(dn_compute *compute) {
    if (compute->backend)
        compute->backend->close(compute->context);
    *compute = (dn_compute){0};
}
