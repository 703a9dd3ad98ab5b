#include "train/split.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>

/* Sets held[i] to 1 for the samples at [begin, end) of a random order. */
static void choose(uint8_t *held, uint32_t *order, size_t count, size_t begin, size_t end,
                   uint64_t seed) {
    dn_random random;
    dn_random_init(&random, seed, DN_RANDOM_SPLIT, 0);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    dn_random_shuffle(&random, order, (uint32_t)count);
    for (size_t i = begin; i < end; i++)
        held[order[i]] = 1;
}

static void separate(const dn_sample *samples, size_t count, const uint8_t *held,
                     dn_training_split *held_out) {
    size_t next = 0;
    for (int wanted = 0; wanted <= 1; wanted++) {
        for (size_t i = 0; i < count; i++) {
            if (held[i] != wanted)
                continue;
            held_out->samples[next] = samples[i];
            held_out->places[next++] = (uint32_t)i;
        }
    }
}

static dn_status fill_split(const dn_sample *samples, size_t count, size_t begin, size_t end,
                            uint64_t seed, dn_training_split *held_out, dn_error *error) {
    void *block, *held;
    DN_TRY(dn_allocate(&block, count, sizeof(dn_sample), error));
    held_out->samples = block;
    DN_TRY(dn_allocate(&block, count, sizeof(uint32_t), error));
    held_out->places = block;
    DN_TRY(dn_allocate(&held, count, 1, error));
    choose(held, held_out->places, count, begin, end, seed);
    separate(samples, count, held, held_out);
    dn_release(held);
    return DN_OK;
}

static dn_status hold_out(const dn_sample *samples, size_t count, size_t begin, size_t end,
                          uint64_t seed, dn_training_split *held_out, dn_error *error) {
    *held_out =
        (dn_training_split){.train_count = count - (end - begin), .held_count = end - begin};
    if (held_out->train_count == 0 || held_out->held_count == 0 || count > UINT32_MAX)
        return dn_fail(error, DN_ERROR_DATA,
                       "of %zu training images %zu would be held out: both sides need one at least",
                       count, held_out->held_count);
    dn_status status = fill_split(samples, count, begin, end, seed, held_out, error);
    if (status != DN_OK)
        dn_split_free(held_out);
    return status;
}

dn_status dn_split_fold(const dn_sample *samples, size_t count, size_t folds, size_t fold,
                        uint64_t seed, dn_training_split *held_out, dn_error *error) {
    return hold_out(samples, count, fold * count / folds, (fold + 1) * count / folds, seed,
                    held_out, error);
}

dn_status dn_split_share(const dn_sample *samples, size_t count, double share, uint64_t seed,
                         dn_training_split *held_out, dn_error *error) {
    size_t held = (size_t)ceil(share * (double)count);
    return hold_out(samples, count, 0, held < count ? held : count, seed, held_out, error);
}

void dn_split_free(dn_training_split *held_out) {
    dn_release(held_out->samples);
    dn_release(held_out->places);
    *held_out = (dn_training_split){0};
}
