/* Convolution and its gradient, NHWC, as compute.h defines them. */
#include "base/memory.h"
#include "compute/portable/portable.h"
#include "compute/portable/windows.h"

struct dn_convolution {
    dn_windows windows;
    int batch;
};

struct dn_convolution_gradient {
    dn_convolution backward;
};

dn_status dn_portable_check_element(const char *operation, dn_element element, dn_error *error) {
    if (element == DN_ELEMENT_F32)
        return DN_OK;
    return dn_fail(error, DN_ERROR_UNSUPPORTED, "portable: %s of elements other than f32",
                   operation);
}

static dn_status check(const dn_convolution_shape *shape, const dn_convolution_format *format,
                       dn_error *error) {
    DN_TRY(dn_check_convolution(shape, error));
    if (!format)
        return DN_OK;
    DN_TRY(dn_portable_check_element("convolution", format->in, error));
    return dn_portable_check_element("convolution", format->out, error);
}

static void destroy(dn_convolution *self) {
    dn_windows_free(&self->windows);
    dn_release(self);
}

static dn_status create(dn_windows windows, int batch, const float *weights, const float *bias,
                        void **created, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution), error));
    dn_convolution *self = block;
    *self = (dn_convolution){windows, batch};
    dn_status status = dn_windows_keep(&self->windows, weights, bias, error);
    if (status == DN_OK)
        *created = self;
    else
        destroy(self);
    return status;
}

dn_status dn_portable_convolution_create(void *context, const dn_convolution_shape *shape,
                                         const dn_convolution_format *format, const float *weights,
                                         const float *bias, dn_convolution **convolution,
                                         dn_error *error) {
    void *created;
    *convolution = NULL;
    DN_TRY(check(shape, format, error));
    dn_windows windows = dn_windows_of(shape, 0, ((dn_cpu_context *)context)->threads);
    DN_TRY(create(windows, shape->batch, weights, bias, &created, error));
    *convolution = created;
    return DN_OK;
}

dn_status dn_portable_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                          int images, dn_error *error) {
    DN_TRY(dn_check_images("convolution", images, convolution->batch, error));
    dn_windows_run(&convolution->windows, out, in, images);
    return DN_OK;
}

void dn_portable_convolution_destroy(dn_convolution *convolution) {
    if (convolution)
        destroy(convolution);
}

dn_status dn_portable_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                  const dn_convolution_format *format,
                                                  const float *weights,
                                                  dn_convolution_gradient **gradient,
                                                  dn_error *error) {
    void *created;
    *gradient = NULL;
    DN_TRY(check(shape, format, error));
    dn_windows windows = dn_windows_of(shape, 1, ((dn_cpu_context *)context)->threads);
    DN_TRY(create(windows, shape->batch, weights, NULL, &created, error));
    *gradient = created;
    return DN_OK;
}

dn_status dn_portable_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                               const void *dy, int images, dn_error *error) {
    DN_TRY(dn_check_images("gradient of a convolution", images, gradient->backward.batch, error));
    dn_windows_run(&gradient->backward.windows, dx, dy, images);
    return DN_OK;
}

void dn_portable_convolution_gradient_destroy(dn_convolution_gradient *gradient) {
    if (gradient)
        destroy(&gradient->backward);
}
