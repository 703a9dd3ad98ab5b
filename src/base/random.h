/* Philox4x32-10, a counter-based generator (Salmon et al., SC 2011): streams of one seed never
 * overlap, and any draw can be reproduced from (seed, stream, position). */
#ifndef DN_BASE_RANDOM_H
#define DN_BASE_RANDOM_H

#include <stdint.h>

typedef struct dn_random {
    uint32_t key[2];
    uint32_t counter[4]; /* [0..1] block number, [2..3] stream */
    uint32_t block[4];
    int used; /* words of `block` handed out */
} dn_random;

/* What a stream is for; the low bits may number it (epoch, block, ...). */
typedef enum dn_random_purpose {
    DN_RANDOM_BACKBONE = 1,
    DN_RANDOM_FLOW,
    DN_RANDOM_ORDER,
    DN_RANDOM_AUGMENT,
    DN_RANDOM_DROPOUT,
    DN_RANDOM_NOISE,
    DN_RANDOM_METRICS,
    DN_RANDOM_SPLIT,
    DN_RANDOM_BANK,
    DN_RANDOM_CHANGE
} dn_random_purpose;

void dn_random_init(dn_random *random, uint64_t seed, dn_random_purpose purpose, uint32_t number);
uint32_t dn_random_u32(dn_random *random);

/* Uniform in [0, 1), 53 bits. */
double dn_random_uniform(dn_random *random);

/* Standard normal, by Box and Muller (one of the pair). */
double dn_random_normal(dn_random *random);

/* Uniform in [0, bound), without bias; bound >= 1. */
uint32_t dn_random_below(dn_random *random, uint32_t bound);

/* Fisher-Yates. */
void dn_random_shuffle(dn_random *random, uint32_t *items, uint32_t count);

/* The bijection itself: ten rounds over `counter` with `key` (for test vectors). */
void dn_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

#endif
