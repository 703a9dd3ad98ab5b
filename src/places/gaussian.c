#include "places/gaussian.h"

#include "base/every_cpu.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 4, LANES = 16 };

/* Of the mean variance over all places: the least ridge where a place hardly varies. */
static const double LEAST_SHARE = 1e-4;

size_t dn_triangle(int n) {
    return (size_t)n * ((size_t)n + 1) / 2;
}

/* ---- sums over pictures ---- */

dn_status dn_place_fit_create(size_t places, int channels, dn_place_fit *fit, dn_error *error) {
    void *block;
    *fit = (dn_place_fit){.places = places, .channels = channels};
    DN_TRY(dn_allocate(&block, places * (size_t)channels, sizeof(double), error));
    fit->sum = block;
    dn_status status = dn_allocate(&block, places * dn_triangle(channels), sizeof(double), error);
    if (status == DN_OK)
        fit->product = block;
    else
        dn_place_fit_destroy(fit);
    return status;
}

void dn_place_fit_destroy(dn_place_fit *fit) {
    dn_release(fit->sum);
    dn_release(fit->product);
    *fit = (dn_place_fit){0};
}

size_t dn_place_fit_bytes(size_t places, int channels) {
    return places * ((size_t)channels + dn_triangle(channels)) * sizeof(double);
}

typedef struct addition {
    dn_place_fit *fit;
    const float *values;
} addition;

/* product += x x', the lower triangle */
DN_EVERY_CPU
static void add_products(double *restrict product, const float *restrict x, int channels) {
    for (int r = 0; r < channels; r++) {
        double factor = (double)x[r];
        for (int c = 0; c <= r; c++)
            product[c] += factor * (double)x[c];
        product += r + 1;
    }
}

static void add_places(void *context, size_t begin, size_t end) {
    const addition *at = context;
    const dn_place_fit *fit = at->fit;
    size_t channels = (size_t)fit->channels;
    for (size_t i = begin; i < end; i++) {
        const float *x = at->values + i * channels;
        for (size_t c = 0; c < channels; c++)
            fit->sum[i * channels + c] += (double)x[c];
        add_products(fit->product + i * dn_triangle(fit->channels), x, fit->channels);
    }
}

void dn_place_fit_add(dn_place_fit *fit, const float *values, int threads) {
    addition at = {fit, values};
    dn_parallel_for(threads, fit->places, GRAIN, add_places, &at);
    fit->pictures++;
}

/* ---- from sums to Gaussians ---- */

typedef struct finish {
    dn_place_fit *fit;
    double share, least_ridge;
    float *mean, *factor;
} finish;

/* Sums of place i become its mean (in `sum`) and covariance (in `product`). */
static void center_place(const dn_place_fit *fit, size_t i) {
    double *mean = fit->sum + i * (size_t)fit->channels;
    double *s = fit->product + i * dn_triangle(fit->channels);
    for (int c = 0; c < fit->channels; c++)
        mean[c] /= fit->pictures;
    for (int r = 0; r < fit->channels; s += ++r)
        for (int c = 0; c <= r; c++)
            s[c] = (s[c] - fit->pictures * mean[r] * mean[c]) / (fit->pictures - 1);
}

static void center_places(void *context, size_t begin, size_t end) {
    const finish *at = context;
    for (size_t i = begin; i < end; i++)
        center_place(at->fit, i);
}

static double mean_variance(const dn_place_fit *fit, size_t i) {
    const double *s = fit->product + i * dn_triangle(fit->channels);
    double sum = 0;
    for (int r = 0; r < fit->channels; r++)
        sum += fmax(s[dn_triangle(r) + (size_t)r], 0);
    return sum / fit->channels;
}

/* A dot product in LANES lanes: the same order with every instruction set. */
#define DEFINE_DOT(name, number)                                                                   \
    DN_EVERY_CPU static number name(const number *a, const number *b, int count) {                 \
        number lanes[LANES] = {0}, sum = 0;                                                        \
        int whole = count - count % LANES;                                                         \
        for (int i = 0; i < whole; i += LANES)                                                     \
            for (int k = 0; k < LANES; k++)                                                        \
                lanes[k] += a[i + k] * b[i + k];                                                   \
        for (int i = whole; i < count; i++)                                                        \
            lanes[i - whole] += a[i] * b[i];                                                       \
        for (int k = 0; k < LANES; k++)                                                            \
            sum += lanes[k];                                                                       \
        return sum;                                                                                \
    }
DEFINE_DOT(dot, double)
DEFINE_DOT(dot_floats, float)

/* A = L L', in place: L[r][c] = (A[r][c] - sum_{k<c} L[r][k] L[c][k]) / L[c][c]. A pivot that
 * rounding made smaller than the ridge counts as the ridge. */
static void factorize(double *a, int n, double ridge) {
    for (int r = 0; r < n; r++) {
        double *row = a + dn_triangle(r);
        for (int c = 0; c < r; c++) {
            const double *other = a + dn_triangle(c);
            row[c] = (row[c] - dot(row, other, c)) / other[c];
        }
        row[r] = sqrt(fmax(row[r] - dot(row, row, r), ridge));
    }
}

DN_EVERY_CPU
static void subtract_scaled(double *restrict out, const double *restrict in, double factor,
                            int count) {
    for (int i = 0; i < count; i++)
        out[i] -= factor * in[i];
}

/* F = L^-1, in place, row by row: F[r] = (e_r - sum_{k<r} L[r][k] F[k]) / L[r][r] */
static void invert(double *l, int n, double *row) {
    for (int r = 0; r < n; r++) {
        double *own = l + dn_triangle(r);
        memset(row, 0, (size_t)n * sizeof *row);
        row[r] = 1;
        for (int k = 0; k < r; k++)
            subtract_scaled(row, l + dn_triangle(k), own[k], k + 1);
        double pivot = own[r];
        for (int c = 0; c <= r; c++)
            own[c] = row[c] / pivot;
    }
}

static void finish_place(const finish *at, size_t i) {
    const dn_place_fit *fit = at->fit;
    size_t channels = (size_t)fit->channels, triangle = dn_triangle(fit->channels);
    double row[DN_PLACE_MOST_CHANNELS], *s = fit->product + i * triangle;
    double ridge = fmax(at->share * mean_variance(fit, i), at->least_ridge);
    for (int r = 0; r < fit->channels; r++)
        s[dn_triangle(r) + (size_t)r] += ridge;
    factorize(s, fit->channels, ridge);
    invert(s, fit->channels, row);
    for (size_t c = 0; c < channels; c++)
        at->mean[i * channels + c] = (float)fit->sum[i * channels + c];
    for (size_t k = 0; k < triangle; k++)
        at->factor[i * triangle + k] = (float)s[k];
}

static void finish_places(void *context, size_t begin, size_t end) {
    const finish *at = context;
    for (size_t i = begin; i < end; i++)
        finish_place(at, i);
}

dn_status dn_place_fit_finish(dn_place_fit *fit, double ridge, float *mean, float *factor,
                              int threads, dn_error *error) {
    finish at = {.fit = fit, .share = ridge, .mean = mean, .factor = factor};
    double sum = 0;
    if (fit->pictures < 2)
        return dn_fail(error, DN_ERROR_DATA,
                       "a detector for places needs at least 2 training pictures, there are %d",
                       fit->pictures);
    dn_parallel_for(threads, fit->places, GRAIN, center_places, &at);
    for (size_t i = 0; i < fit->places; i++)
        sum += mean_variance(fit, i);
    at.least_ridge = fmax(ridge * LEAST_SHARE * sum / (double)fit->places, 1e-20);
    dn_parallel_for(threads, fit->places, GRAIN, finish_places, &at);
    return DN_OK;
}

/* ---- distances ---- */

typedef struct measurement {
    const dn_place_gaussians *gaussians;
    const float *values;
    float *distances;
    int is_own;
} measurement;

static double square_at(const dn_place_gaussians *self, size_t i, const float *x) {
    float centred[DN_PLACE_MOST_CHANNELS];
    const float *mean = self->mean + i * (size_t)self->channels;
    const float *row = self->factor + i * dn_triangle(self->channels);
    double square = 0;
    for (int c = 0; c < self->channels; c++)
        centred[c] = x[c] - mean[c];
    for (int r = 0; r < self->channels; row += ++r) {
        double y = (double)dot_floats(row, centred, r + 1);
        square += y * y;
    }
    return square;
}

/* Sherman and Morrison: without picture x the scatter matrix (n - 1) S loses n/(n - 1) u u', u = x
 * - mu, and the mean moves, x - mu' = n/(n - 1) u. */
static double without_own(double square, int pictures) {
    double n = pictures, q = square / (n - 1), c = n / (n - 1);
    return fmax(n - 2, 1) * c * c * q / fmax(1 - c * q, 1e-6);
}

static void measure(void *context, size_t begin, size_t end) {
    const measurement *at = context;
    const dn_place_gaussians *self = at->gaussians;
    for (size_t i = begin; i < end; i++) {
        double square = square_at(self, i, at->values + i * (size_t)self->channels);
        if (at->is_own)
            square = without_own(square, self->pictures);
        at->distances[i] = (float)sqrt(square);
    }
}

void dn_place_distances(const dn_place_gaussians *gaussians, float *distances, const float *values,
                        int is_own, int threads) {
    measurement at = {gaussians, values, distances, is_own};
    size_t places = (size_t)gaussians->height * (size_t)gaussians->width;
    dn_parallel_for(threads, places, GRAIN, measure, &at);
}
