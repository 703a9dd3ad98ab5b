#include "base/random.h"

#include <math.h>

static void philox_round(uint32_t counter[4], const uint32_t key[2]) {
    uint64_t product0 = (uint64_t)0xD2511F53u * counter[0];
    uint64_t product1 = (uint64_t)0xCD9E8D57u * counter[2];
    uint32_t next0 = (uint32_t)(product1 >> 32) ^ counter[1] ^ key[0];
    uint32_t next2 = (uint32_t)(product0 >> 32) ^ counter[3] ^ key[1];
    counter[1] = (uint32_t)product1;
    counter[3] = (uint32_t)product0;
    counter[0] = next0;
    counter[2] = next2;
}

void dn_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
    uint32_t round_key[2] = {key[0], key[1]};
    for (int i = 0; i < 4; i++)
        output[i] = counter[i];
    for (int round = 0; round < 10; round++) {
        philox_round(output, round_key);
        round_key[0] += 0x9E3779B9u;
        round_key[1] += 0xBB67AE85u;
    }
}

void dn_random_init(dn_random *random, uint64_t seed, dn_random_purpose purpose, uint32_t number) {
    *random = (dn_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, 0, number, (uint32_t)purpose},
        .used = 4,
    };
}

uint32_t dn_random_u32(dn_random *random) {
    if (random->used == 4) {
        dn_philox4x32(random->counter, random->key, random->block);
        random->used = 0;
        if (++random->counter[0] == 0)
            random->counter[1]++;
    }
    return random->block[random->used++];
}

double dn_random_uniform(dn_random *random) {
    uint64_t high = dn_random_u32(random) >> 5, low = dn_random_u32(random) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double dn_random_normal(dn_random *random) {
    double u = 1.0 - dn_random_uniform(random); /* in (0, 1] */
    double v = dn_random_uniform(random);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint32_t dn_random_below(dn_random *random, uint32_t bound) {
    uint32_t reject = (0u - bound) % bound; /* 2^32 mod bound */
    uint32_t draw;
    do
        draw = dn_random_u32(random);
    while (draw < reject);
    return draw % bound;
}

void dn_random_shuffle(dn_random *random, uint32_t *items, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = dn_random_below(random, i), swapped = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swapped;
    }
}
