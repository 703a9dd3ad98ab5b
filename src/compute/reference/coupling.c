/*
 * One half of the GLOW coupling (paper, equations 1 and 2), its inverse and its backward:
 *     e[r,j] = clamp * 0.636 * atan(s[r,j] / clamp)
 *     y[r,j] = min(max(exp(e) * x + t, -1e6), 1e6);  log_det[r] += sum_j e
 *     x[r,j] = (y - t) / exp(e)
 *     dx += dy * exp(e);  dt = dy;  ds = (dy * exp(e) * x + dlog_det) * 0.636 / (1 + (s/clamp)^2)
 * st, dst [rows][2*columns] = (s, t) row by row; x, y, dx, dy [rows] rows of `columns`, their
 * strides apart; log_det [rows]
 */
#include "compute/reference/reference.h"

#include <math.h>

static const double limit = 1e6;

static double exponent(double s, double clamp) {
    return clamp * 0.636 * atan(s / clamp);
}

/* Like torch.clamp: NaN stays NaN. */
static double clamped(double y) {
    return y > limit ? limit : y < -limit ? -limit : y;
}

dn_status dn_reference_coupling_forward(void *context, float *y, float *log_det, const float *x,
                                        const float *st, int rows, int columns, int x_stride,
                                        int y_stride, float clamp, dn_error *error) {
    (void)context, (void)error;
    for (int r = 0; r < rows; r++, x += x_stride, y += y_stride, st += 2 * columns) {
        double sum = 0;
        for (int j = 0; j < columns; j++) {
            double e = exponent((double)st[j], (double)clamp), t = (double)st[columns + j];
            y[j] = (float)clamped(exp(e) * (double)x[j] + t);
            sum += e;
        }
        log_det[r] = (float)((double)log_det[r] + sum);
    }
    return DN_OK;
}

dn_status dn_reference_coupling_inverse(void *context, float *x, const float *y, const float *st,
                                        int rows, int columns, int x_stride, int y_stride,
                                        float clamp, dn_error *error) {
    (void)context, (void)error;
    for (int r = 0; r < rows; r++, x += x_stride, y += y_stride, st += 2 * columns)
        for (int j = 0; j < columns; j++) {
            double e = exponent((double)st[j], (double)clamp), t = (double)st[columns + j];
            x[j] = (float)(((double)y[j] - t) / exp(e));
        }
    return DN_OK;
}

dn_status dn_reference_coupling_backward(void *context, float *dx, float *dst, const float *dy,
                                         const float *y, const float *x, const float *st,
                                         float dlog_det, int rows, int columns, int dx_stride,
                                         int dy_stride, int y_stride, int x_stride, float clamp,
                                         dn_error *error) {
    (void)context, (void)error;
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < columns; j++) {
            /* y = clamped(exp(e) * x + t) */
            double dsum = fabs((double)y[j]) >= limit ? 0.0 : (double)dy[j];
            double ratio = (double)st[j] / (double)clamp;
            double dscaled = dsum * exp(exponent((double)st[j], (double)clamp));
            dx[j] = (float)((double)dx[j] + dscaled);
            dst[columns + j] = (float)dsum;
            /* e = clamp * 0.636 * atan(s/clamp), de = dsum * exp(e) * x + dlog_det */
            dst[j] =
                (float)((dscaled * (double)x[j] + (double)dlog_det) * 0.636 / (1 + ratio * ratio));
        }
        dx += dx_stride, dy += dy_stride, y += y_stride, x += x_stride;
        dst += 2 * columns, st += 2 * columns;
    }
    return DN_OK;
}
