/* What the shared kernels need to be fast on any processor. */
#ifndef DN_COMPUTE_VECTOR_H
#define DN_COMPUTE_VECTOR_H

#include "base/every_cpu.h"

#include <stdint.h>
#include <string.h>

/* Elementary functions without branches or tables, so that compilers vectorise the loops around
 * them. The polynomials are our own minimax fits (weighted least squares on Chebyshev nodes,
 * reweighted until the error is level), below 4e-9 relative before rounding. */

static inline uint32_t dn_float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float dn_float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e^x, within 2 units in the last place; 0 and infinity outside f32's range.
 * x = n ln 2 + r;  e^r = 1 + r + r^2 P(r), |r| <= ln 2 / 2; times 2^n in two steps, because 2^n
 * alone may be out of range where e^x is not. */
static inline float dn_exp(float x) {
    const float shifter = 0x1.8p23F; /* adding it rounds to an integer, held in the low bits */
    float bounded = x > 90.0F ? 90.0F : x < -110.0F ? -110.0F : x;
    float shifted = bounded * 0x1.715476p0F + shifter;
    float n = shifted - shifter;
    float r = (bounded - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;
    float p = 0x1.6db47ep-10F;
    p = p * r + 0x1.123b92p-7F;
    p = p * r + 0x1.55545ep-5F;
    p = p * r + 0x1.55548ep-3F;
    p = p * r + 0.5F;
    int32_t power = (int32_t)(dn_float_bits(shifted) - dn_float_bits(shifter));
    int32_t half = power >> 1;
    float first = dn_float_from_bits((uint32_t)(half + 127) << 23);
    float second = dn_float_from_bits((uint32_t)(power - half + 127) << 23);
    return (1.0F + (r + r * r * p)) * first * second;
}

/* atan x, within 3 units in the last place.
 * |x| <= tan(pi/8): t = |x|; up to tan(3 pi/8): pi/4 + atan t, t = (|x| - 1)/(|x| + 1); above:
 * pi/2 + atan t, t = -1/|x|;  atan t = t + t^3 P(t^2) */
static inline float dn_atan(float x) {
    float size = x < 0 ? -x : x;
    int middle = size > 0x1.a8279ap-2F, large = size > 0x1.3504f4p1F;
    float numerator = large ? -1.0F : middle ? size - 1.0F : size;
    float denominator = large ? size : middle ? size + 1.0F : 1.0F;
    float offset = large ? 0x1.921fb6p0F : middle ? 0x1.921fb6p-1F : 0.0F;
    float t = numerator / denominator, z = t * t;
    float p = -0x1.f25b44p-5F;
    p = p * z + 0x1.b20322p-4F;
    p = p * z + -0x1.23b6cap-3F;
    p = p * z + 0x1.9991aep-3F;
    p = p * z + -0x1.55554ap-2F;
    float angle = offset + (t + t * z * p);
    return x < 0 ? -angle : angle;
}

#endif
