/* Numbers as they lie in memory, and how they become f32 and back. */
#ifndef DN_COMPUTE_ELEMENT_H
#define DN_COMPUTE_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where a struct says nothing it is f32. */
typedef enum dn_element {
    DN_ELEMENT_F32,
    DN_ELEMENT_BF16, /* the upper half of an f32, rounded to nearest, ties to even */
    DN_ELEMENT_U8    /* value = step * number, the step being written elsewhere */
} dn_element;

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

/* Elements from f32; U8 is round(value / step) within 0 and 255, ties to even. */
void dn_elements_narrow(void *elements, const float *values, dn_element element, float step,
                        size_t count);

/* numbers[i] = bf16(values[i]), on several threads. Returns the index of the first value that is
 * not finite, `count` when all are: who narrows weights looks at each of them anyway. */
size_t dn_bf16_narrow(int threads, uint16_t *numbers, const float *values, size_t count);

#endif
