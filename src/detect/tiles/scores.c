#include "detect/tiles/scores.h"

#include "base/memory.h"

#include <math.h>

void dn_tile_scores_free(dn_tile_scores *scores) {
    dn_release(scores->paper); /* the block of all four */
    *scores = (dn_tile_scores){0};
}

dn_status dn_tile_scores_begin(dn_tile_scores *scores, int width, int height, int total,
                               dn_error *error) {
    void *block = scores->paper;
    DN_TRY(dn_grow(&block, &scores->capacity, 4 * (size_t)total, sizeof(double), error));
    *scores = (dn_tile_scores){
        .width = width, .height = height, .total = total, .capacity = scores->capacity};
    scores->paper = block;
    scores->places = scores->paper + total;
    scores->raw = scores->places + total;
    scores->value = scores->raw + total;
    for (int i = 0; i < total; i++)
        scores->places[i] = NAN;
    return DN_OK;
}

/* The largest `top` values move to the front, falling. Few are taken of many. */
static double mean_of_largest(const double *values, int count, int top) {
    double sum = 0, last = INFINITY;
    int taken = 0;
    while (taken < top) {
        double next = -INFINITY;
        int equal = 0;
        for (int i = 0; i < count; i++) {
            if (values[i] < last && values[i] > next) {
                next = values[i];
                equal = 0;
            }
            equal += values[i] == next;
        }
        int more = equal < top - taken ? equal : top - taken;
        sum += more * next;
        taken += more;
        last = next;
    }
    return sum / top;
}

double dn_tile_reduce(const double *values, int count, int top) {
    double largest = values[0];
    if (top > 1)
        return mean_of_largest(values, count, top < count ? top : count);
    for (int i = 1; i < count; i++)
        largest = values[i] > largest ? values[i] : largest;
    return largest;
}

dn_tile_summary dn_tile_scores_reduce(dn_tile_scores *scores, const dn_tile_reduction *reduction) {
    dn_tile_summary sum = {.paper = -INFINITY, .places = NAN};
    for (int i = 0; i < scores->count; i++) {
        double places = scores->places[i];
        scores->raw[i] = isnan(places)
                             ? scores->paper[i]
                             : dn_place_decide(reduction->places, scores->paper[i], places);
        scores->value[i] = dn_tile_standardize(reduction->standard, scores->width, scores->height,
                                               scores->total, i, scores->raw[i]);
        sum.paper = fmax(sum.paper, scores->paper[i]);
        sum.places = fmax(sum.places, places);
        if (scores->value[i] > scores->value[sum.worst])
            sum.worst = i;
    }
    sum.raw = dn_tile_reduce(scores->value, scores->count, reduction->top);
    return sum;
}

int dn_tile_scores_above(const dn_tile_scores *scores, double threshold) {
    int above = 0;
    for (int i = 0; i < scores->count; i++)
        above += scores->value[i] > threshold;
    return above;
}
