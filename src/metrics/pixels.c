#include "metrics/pixels.h"

#include "base/memory.h"
#include "metrics/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct defect_pixel {
    float value;
    uint32_t defect; /* number of the defect that it belongs to */
} defect_pixel;

struct dn_pixels {
    uint32_t *good; /* bits of floats >= 0: they sort as the floats do */
    size_t good_count, good_capacity;
    defect_pixel *defective;
    size_t defective_count, defective_capacity;
    uint32_t *areas; /* of each defect */
    size_t defect_count, defect_capacity;
    int overflow;
};

dn_status dn_pixels_create(dn_pixels **pixels, dn_error *error) {
    void *block;
    *pixels = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pixels), error));
    *pixels = block;
    return DN_OK;
}

void dn_pixels_destroy(dn_pixels *pixels) {
    if (!pixels)
        return;
    dn_release(pixels->good);
    dn_release(pixels->defective);
    dn_release(pixels->areas);
    dn_release(pixels);
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    float positive = value + 0.0F; /* -0 becomes 0 */
    memcpy(&bits, &positive, sizeof bits);
    return bits;
}

static dn_status check_values(const float *map, size_t count, dn_error *error) {
    for (size_t i = 0; i < count; i++)
        if (!(map[i] >= 0 && isfinite(map[i])))
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "pixel %zu of a map is %g, expected a finite number from 0 on", i,
                           (double)map[i]);
    return DN_OK;
}

static dn_status make_room(dn_pixels *self, size_t count, dn_error *error) {
    void *block = self->good;
    dn_status status =
        dn_grow(&block, &self->good_capacity, self->good_count + count, sizeof *self->good, error);
    self->good = block;
    DN_TRY(status);
    block = self->defective;
    status = dn_grow(&block, &self->defective_capacity, self->defective_count + count,
                     sizeof *self->defective, error);
    self->defective = block;
    return status;
}

/* ---- defects of a mask ---- */

typedef struct labelling {
    const uint8_t *mask, *inside;
    int width, height;
    uint8_t *seen;
    uint32_t *waiting;
    size_t waiting_count;
} labelling;

static int counts(const uint8_t *inside, size_t i) {
    return !inside || inside[i];
}

static void visit_pixel(labelling *self, int x, int y) {
    if (x < 0 || y < 0 || x >= self->width || y >= self->height)
        return;
    size_t i = (size_t)y * (size_t)self->width + (size_t)x;
    if (self->seen[i] || !self->mask[i] || !counts(self->inside, i))
        return;
    self->seen[i] = 1;
    self->waiting[self->waiting_count++] = (uint32_t)i;
}

/* Labels the defect that pixel `start` belongs to with the next number. There is room for its
 * pixels. */
static dn_status add_defect(dn_pixels *self, labelling *labels, const float *map, uint32_t start,
                            dn_error *error) {
    void *areas = self->areas;
    dn_status status =
        dn_grow(&areas, &self->defect_capacity, self->defect_count + 1, sizeof *self->areas, error);
    self->areas = areas;
    DN_TRY(status);
    uint32_t number = (uint32_t)self->defect_count++, width = (uint32_t)labels->width;
    self->areas[number] = 0;
    visit_pixel(labels, (int)(start % width), (int)(start / width));
    while (labels->waiting_count > 0) {
        uint32_t i = labels->waiting[--labels->waiting_count];
        self->defective[self->defective_count++] = (defect_pixel){map[i] + 0.0F, number};
        self->areas[number]++;
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                visit_pixel(labels, (int)(i % width) + dx, (int)(i / width) + dy);
    }
    return DN_OK;
}

static dn_status add_defects(dn_pixels *self, const float *map, const uint8_t *mask,
                             const uint8_t *inside, int width, int height, dn_error *error) {
    size_t count = (size_t)width * (size_t)height;
    void *seen = NULL, *waiting = NULL;
    dn_status status = dn_allocate(&seen, count, 1, error);
    if (status == DN_OK)
        status = dn_allocate(&waiting, count, sizeof(uint32_t), error);
    labelling labels = {mask, inside, width, height, seen, waiting, 0};
    for (size_t i = 0; status == DN_OK && i < count; i++)
        if (mask[i] && counts(inside, i) && !labels.seen[i])
            status = add_defect(self, &labels, map, (uint32_t)i, error);
    dn_release(seen);
    dn_release(waiting);
    return status;
}

dn_status dn_pixels_add(dn_pixels *pixels, const float *map, const uint8_t *mask,
                        const uint8_t *inside, int width, int height, dn_error *error) {
    size_t count = (size_t)width * (size_t)height;
    DN_TRY(check_values(map, count, error));
    pixels->overflow |= pixels->good_count + pixels->defective_count + count > DN_PIXELS_MOST;
    if (pixels->overflow)
        return DN_OK;
    DN_TRY(make_room(pixels, count, error));
    for (size_t i = 0; i < count; i++)
        if (counts(inside, i) && (!mask || !mask[i]))
            pixels->good[pixels->good_count++] = bits_of(map[i]);
    return mask ? add_defects(pixels, map, mask, inside, width, height, error) : DN_OK;
}

/* ---- sorting ---- */

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Radix sort in place, decreasing, by bit `bit` and those below: the data may be hundreds of
 * megabytes. */
static void sort_falling(uint32_t *values, size_t count, int bit) {
    while (count > 1 && bit >= 0) {
        size_t left = 0, right = count;
        while (left < right) {
            if (values[left] >> bit & 1)
                left++;
            else
                swap(&values[left], &values[--right]);
        }
        bit--;
        sort_falling(values, left, bit);
        values += left;
        count -= left;
    }
}

static int compare_values(const void *first, const void *second) {
    const defect_pixel *a = first, *b = second;
    return (a->value < b->value) - (a->value > b->value);
}

/* ---- the curves ---- */

/* A threshold that decreases from value to value, and the pixels at or above it. */
typedef struct sweep {
    const dn_pixels *pixels;
    size_t good, defective;
    double overlap;     /* mean over defects of the share at or above */
    uint32_t threshold; /* bits */
} sweep;

/* Goes to the next lower value; returns 0 if there is none. */
static int fall(sweep *self) {
    const dn_pixels *p = self->pixels;
    uint32_t next_good = self->good < p->good_count ? p->good[self->good] : 0;
    uint32_t next_bad =
        self->defective < p->defective_count ? bits_of(p->defective[self->defective].value) : 0;
    if (self->good == p->good_count && self->defective == p->defective_count)
        return 0;
    self->threshold = next_good > next_bad ? next_good : next_bad;
    while (self->good < p->good_count && p->good[self->good] == self->threshold)
        self->good++;
    while (self->defective < p->defective_count &&
           bits_of(p->defective[self->defective].value) == self->threshold) {
        uint32_t defect = p->defective[self->defective++].defect;
        self->overlap += 1.0 / ((double)p->areas[defect] * (double)p->defect_count);
    }
    return 1;
}

/* The area under a piece of a curve, up to x = limit. */
static double piece(double x0, double y0, double x1, double y1, double limit) {
    if (x0 >= limit || x1 <= x0)
        return 0;
    if (x1 > limit) {
        y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0);
        x1 = limit;
    }
    return (x1 - x0) * (y0 + y1) / 2;
}

static dn_statistic defined(double value) {
    return (dn_statistic){.defined = 1, .value = value, .low = NAN, .high = NAN};
}

static void measure_pixels(const dn_pixels *pixels, dn_pixel_metrics *metrics) {
    sweep now = {.pixels = pixels}, before = now;
    double roc = 0, pro = 0, best = 0, all = (double)pixels->defective_count;
    double good = (double)pixels->good_count;
    uint32_t best_threshold = 0;
    while (fall(&now)) {
        double x0 = (double)before.good / good, x1 = (double)now.good / good;
        roc += piece(x0, (double)before.defective / all, x1, (double)now.defective / all, 1);
        pro += piece(x0, before.overlap, x1, now.overlap, DN_AUPRO_LIMIT);
        double f1 = 2 * (double)now.defective / (all + (double)now.defective + (double)now.good);
        if (f1 > best) {
            best = f1;
            best_threshold = now.threshold;
        }
        before = now;
    }
    float threshold;
    memcpy(&threshold, &best_threshold, sizeof threshold);
    metrics->auroc = defined(roc);
    metrics->aupro = defined(pro / DN_AUPRO_LIMIT);
    metrics->f1_max = defined(best);
    metrics->f1_max_threshold = (double)threshold;
}

static const char *lack(const dn_pixels *pixels) {
    if (pixels->overflow)
        return "the test set has more pixels than can be evaluated";
    if (pixels->defective_count == 0)
        return "no masks of defects";
    return pixels->good_count == 0 ? "no good pixels" : NULL;
}

dn_status dn_pixels_measure(dn_pixels *pixels, dn_pixel_metrics *metrics, dn_error *error) {
    (void)error;
    const char *reason = lack(pixels);
    dn_statistic undefined = dn_undefined(reason);
    *metrics = (dn_pixel_metrics){undefined, undefined, undefined, NAN};
    if (reason)
        return DN_OK;
    sort_falling(pixels->good, pixels->good_count, 30);
    qsort(pixels->defective, pixels->defective_count, sizeof *pixels->defective, compare_values);
    measure_pixels(pixels, metrics);
    return DN_OK;
}
