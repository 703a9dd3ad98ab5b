#include "detect/regions.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* What is known of a region while its pixels are visited, in pixels of the map. */
typedef struct patch {
    int left, top, right, bottom;
    size_t area;
    double sum_x, sum_y;
    float peak;
} patch;

typedef struct search {
    const float *values;
    int width, height;
    float threshold, level;
    double least;      /* pixels of a region */
    uint8_t *seen;     /* [height][width] */
    uint32_t *waiting; /* a stack of pixels */
    size_t waiting_count;
    int image_width, image_height;
    dn_region *regions;
    size_t count, capacity;
} search;

static void visit_pixel(search *self, int x, int y) {
    if (x < 0 || y < 0 || x >= self->width || y >= self->height)
        return;
    size_t i = (size_t)y * (size_t)self->width + (size_t)x;
    if (self->seen[i] || !(self->values[i] > self->level))
        return;
    self->seen[i] = 1;
    self->waiting[self->waiting_count++] = (uint32_t)i;
}

static void add_pixel(patch *found, int x, int y, float value) {
    found->left = x < found->left ? x : found->left;
    found->right = x > found->right ? x : found->right;
    found->top = y < found->top ? y : found->top;
    found->bottom = y > found->bottom ? y : found->bottom;
    found->area++;
    found->sum_x += x + 0.5;
    found->sum_y += y + 0.5;
    found->peak = value > found->peak ? value : found->peak;
}

/* Everything that the pixel (x, y), not seen yet and above the level, is joined to. */
static patch follow(search *self, int x, int y) {
    patch found = {.left = x, .top = y, .right = x, .bottom = y};
    visit_pixel(self, x, y);
    while (self->waiting_count > 0) {
        uint32_t i = self->waiting[--self->waiting_count];
        int at_x = (int)(i % (uint32_t)self->width), at_y = (int)(i / (uint32_t)self->width);
        add_pixel(&found, at_x, at_y, self->values[i]);
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                visit_pixel(self, at_x + dx, at_y + dy);
    }
    return found;
}

static dn_region region_of(const search *self, const patch *found) {
    double across = (double)self->image_width / self->width;
    double down = (double)self->image_height / self->height;
    int left = (int)floor(found->left * across), right = (int)ceil((found->right + 1) * across);
    int top = (int)floor(found->top * down), bottom = (int)ceil((found->bottom + 1) * down);
    right = right < self->image_width ? right : self->image_width;
    bottom = bottom < self->image_height ? bottom : self->image_height;
    double area = (double)found->area * across * down;
    return (dn_region){
        .x = left,
        .y = top,
        .width = right - left,
        .height = bottom - top,
        .area = area < 1 ? 1 : (size_t)(area + 0.5),
        .score = (double)found->peak / (double)self->threshold,
        .centroid_x = found->sum_x / (double)found->area * across,
        .centroid_y = found->sum_y / (double)found->area * down,
    };
}

static dn_status add_region(search *self, const patch *found, dn_error *error) {
    if ((double)found->area < self->least)
        return DN_OK;
    void *regions = self->regions;
    dn_status status =
        dn_grow(&regions, &self->capacity, self->count + 1, sizeof(dn_region), error);
    self->regions = regions;
    if (status == DN_OK)
        self->regions[self->count++] = region_of(self, found);
    return status;
}

static dn_status find_all(search *self, dn_error *error) {
    void *block;
    size_t pixels = (size_t)self->width * (size_t)self->height;
    DN_TRY(dn_allocate(&block, pixels, 1, error));
    self->seen = block;
    DN_TRY(dn_allocate(&block, pixels, sizeof(uint32_t), error));
    self->waiting = block;
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            size_t i = (size_t)y * (size_t)self->width + (size_t)x;
            if (self->seen[i] || !(self->values[i] > self->level))
                continue;
            patch found = follow(self, x, y);
            DN_TRY(add_region(self, &found, error));
        }
    return DN_OK;
}

/* By falling score, then from top to bottom, so that the order is one and the same everywhere. */
static int compare_regions(const void *first, const void *second) {
    const dn_region *a = first, *b = second;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return (a->x > b->x) - (a->x < b->x);
}

float dn_region_level(const float *values, size_t count, float threshold) {
    float peak = 0;
    for (size_t i = 0; i < count; i++)
        peak = values[i] > peak ? values[i] : peak;
    return threshold > 0 ? fmaxf(threshold, peak / 3) : NAN;
}

dn_status dn_regions_search(const float *values, const dn_region_search *wanted,
                            dn_region **regions, size_t *count, dn_error *error) {
    search self = {.values = values,
                   .width = wanted->width,
                   .height = wanted->height,
                   .threshold = wanted->threshold,
                   .level = wanted->level,
                   .least = wanted->least_share * wanted->width * wanted->height,
                   .image_width = wanted->image_width,
                   .image_height = wanted->image_height};
    *regions = NULL;
    *count = 0;
    if (!(wanted->threshold > 0))
        return DN_OK;
    dn_status status = find_all(&self, error);
    dn_release(self.seen);
    dn_release(self.waiting);
    if (status != DN_OK) {
        dn_release(self.regions);
        return status;
    }
    if (self.count > 0)
        qsort(self.regions, self.count, sizeof *self.regions, compare_regions);
    *regions = self.regions;
    *count = self.count;
    return DN_OK;
}

dn_status dn_regions_find(const float *values, int width, int height, float threshold,
                          int image_width, int image_height, dn_region **regions, size_t *count,
                          dn_error *error) {
    const dn_region_search wanted = {
        .width = width,
        .height = height,
        .image_width = image_width,
        .image_height = image_height,
        .threshold = threshold,
        .level = dn_region_level(values, (size_t)width * (size_t)height, threshold),
        .least_share = DN_REGION_LEAST_SHARE};
    return dn_regions_search(values, &wanted, regions, count, error);
}
