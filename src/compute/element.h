/* The number formats of activations, and their conversion from and to f32. */
#ifndef DN_COMPUTE_ELEMENT_H
#define DN_COMPUTE_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A struct that is zeroed means f32. The step of U8 and S8 is kept by the caller. */
typedef enum dn_element {
    DN_ELEMENT_F32,
    DN_ELEMENT_BF16, /* the upper half of an f32, rounded to nearest, ties to even */
    DN_ELEMENT_U8,   /* value = step * number, number 0 to 255 */
    DN_ELEMENT_S8    /* value = step * number, number -128 to 127 */
} dn_element;

/* U8 or S8. */
static inline int dn_element_is_integer(dn_element element) {
    return element == DN_ELEMENT_U8 || element == DN_ELEMENT_S8;
}

size_t dn_element_size(dn_element element);

static inline uint16_t dn_bf16_round(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    int is_nan = (bits & 0x7fffffffu) > 0x7f800000u; /* rounding could carry it into the sign */
    return (uint16_t)((is_nan ? bits | 0x400000u : rounded) >> 16);
}

static inline float dn_bf16_value(uint16_t number) {
    uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* f32 from `count` elements. */
void dn_elements_widen(float *values, const void *elements, dn_element element, float step,
                       size_t count);

/* Elements from f32. U8 and S8: value / step, rounded to nearest, ties to even, then limited to the
 * element's range. NaN becomes 0 in U8 and -128 in S8. */
void dn_elements_narrow(void *elements, const float *values, dn_element element, float step,
                        size_t count);

/* numbers[i] = bf16(values[i]), on several threads. */
void dn_bf16_narrow(int threads, uint16_t *numbers, const float *values, size_t count);

/* The same. Returns the index of the first value that is NaN or larger than `limit` in absolute
 * value, or `count`: the check costs nothing extra here, and weights need it. */
size_t dn_bf16_narrow_within(int threads, uint16_t *numbers, const float *values, size_t count,
                             float limit);

#endif
