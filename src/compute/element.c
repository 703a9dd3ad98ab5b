#include "compute/element.h"

#include "base/finite.h"
#include "base/parallel.h"
#include "compute/cpu/vector.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>

size_t dn_element_size(dn_element element) {
    static const size_t sizes[] = {sizeof(float), sizeof(uint16_t), sizeof(uint8_t),
                                   sizeof(int8_t)};
    return sizes[element];
}

DN_EVERY_CPU
static void widen_bf16(float *restrict values, const uint16_t *restrict numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = dn_bf16_value(numbers[i]);
}

/* Returns the bits of the largest absolute value; those of NaN are larger than any number's. */
DN_EVERY_CPU
static uint32_t narrow_bf16(uint16_t *restrict numbers, const float *restrict values,
                            size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = dn_float_bits(values[i]) & 0x7fffffffu;
        largest = size > largest ? size : largest;
        numbers[i] = dn_bf16_round(values[i]);
    }
    return largest;
}

void dn_elements_widen(float *values, const void *elements, dn_element element, float step,
                       size_t count) {
    const uint8_t *bytes = elements;
    const int8_t *numbers = elements;
    if (element == DN_ELEMENT_F32)
        memcpy(values, elements, count * sizeof *values);
    else if (element == DN_ELEMENT_BF16)
        widen_bf16(values, elements, count);
    else
        for (size_t i = 0; i < count; i++)
            values[i] = step * (float)(element == DN_ELEMENT_U8 ? bytes[i] : numbers[i]);
}

/* The number of steps, limited to least .. most; NaN becomes `least`. */
static float quantized(float value, float step, float least, float most) {
    float number = rintf(value / step);
    return number > most ? most : number > least ? number : least;
}

void dn_elements_narrow(void *elements, const float *values, dn_element element, float step,
                        size_t count) {
    uint8_t *bytes = elements;
    int8_t *numbers = elements;
    if (element == DN_ELEMENT_F32)
        memcpy(elements, values, count * sizeof *values);
    else if (element == DN_ELEMENT_BF16)
        narrow_bf16(elements, values, count);
    else if (element == DN_ELEMENT_U8)
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)quantized(values[i], step, 0, 255);
    else
        for (size_t i = 0; i < count; i++)
            numbers[i] = (int8_t)quantized(values[i], step, -128, 127);
}

typedef struct narrowing {
    uint16_t *numbers;
    const float *values;
    uint32_t limit; /* as bits */
    atomic_int beyond;
} narrowing;

enum { GRAIN = 1 << 14 };

static void narrow_range(void *context, size_t begin, size_t end) {
    narrowing *self = context;
    if (narrow_bf16(self->numbers + begin, self->values + begin, end - begin) > self->limit)
        self->beyond = 1;
}

size_t dn_bf16_narrow_within(int threads, uint16_t *numbers, const float *values, size_t count,
                             float limit) {
    narrowing context = {.numbers = numbers, .values = values, .limit = dn_float_bits(limit)};
    dn_parallel_for(threads, count, GRAIN, narrow_range, &context);
    return context.beyond ? dn_find_beyond(threads, values, count, limit) : count;
}

void dn_bf16_narrow(int threads, uint16_t *numbers, const float *values, size_t count) {
    dn_bf16_narrow_within(threads, numbers, values, count, FLT_MAX);
}
