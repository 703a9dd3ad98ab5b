/* MT19937 (Matsumoto and Nishimura 1998) as NumPy's legacy RandomState uses it: the original
 * DifferNet draws its permutations from it and does not store them. */
#ifndef DN_BASE_MT19937_H
#define DN_BASE_MT19937_H

#include <stdint.h>

typedef struct dn_mt19937 {
    uint32_t state[624];
    int position;
} dn_mt19937;

void dn_mt19937_seed(dn_mt19937 *generator, uint32_t seed);
uint32_t dn_mt19937_u32(dn_mt19937 *generator);

/* numpy.random.RandomState(seed).permutation(count), bit for bit. */
void dn_numpy_permutation(uint32_t seed, uint32_t *permutation, uint32_t count);

#endif
