#include "base/mt19937.h"

enum { WORDS = 624, MIDDLE = 397 };

void dn_mt19937_seed(dn_mt19937 *generator, uint32_t seed) {
    generator->state[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        uint32_t previous = generator->state[i - 1];
        generator->state[i] = 1812433253u * (previous ^ previous >> 30) + i;
    }
    generator->position = WORDS;
}

static void refill(uint32_t *state) {
    for (int i = 0; i < WORDS; i++) {
        uint32_t mixed = (state[i] & 0x80000000u) | (state[(i + 1) % WORDS] & 0x7fffffffu);
        state[i] = state[(i + MIDDLE) % WORDS] ^ mixed >> 1 ^ (mixed & 1 ? 0x9908b0dfu : 0);
    }
}

uint32_t dn_mt19937_u32(dn_mt19937 *generator) {
    if (generator->position == WORDS) {
        refill(generator->state);
        generator->position = 0;
    }
    uint32_t word = generator->state[generator->position++];
    word ^= word >> 11;
    word ^= word << 7 & 0x9d2c5680u;
    word ^= word << 15 & 0xefc60000u;
    return word ^ word >> 18;
}

/* NumPy's legacy bounded draw: masked rejection, uniform in [0, limit]. */
static uint32_t masked_draw(dn_mt19937 *generator, uint32_t limit) {
    uint32_t mask = limit, draw;
    for (int shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    do
        draw = dn_mt19937_u32(generator) & mask;
    while (draw > limit);
    return draw;
}

void dn_numpy_permutation(uint32_t seed, uint32_t *permutation, uint32_t count) {
    dn_mt19937 generator;
    dn_mt19937_seed(&generator, seed);
    for (uint32_t i = 0; i < count; i++)
        permutation[i] = i;
    for (uint32_t i = count; i-- > 1;) {
        uint32_t j = masked_draw(&generator, i), swapped = permutation[i];
        permutation[i] = permutation[j];
        permutation[j] = swapped;
    }
}
