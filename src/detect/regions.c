#include "detect/regions.h"

#include "base/memory.h"
#include "detect/region_shape.h"

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
    double least;   /* pixels of a region */
    uint8_t *above; /* [height][width]: above the level, as all that follow */
    uint8_t *near;  /* joined: at most `reach` from there */
    uint8_t *seen;
    uint8_t *shape;   /* near, of the regions that count */
    uint32_t *joined; /* pixels in the order in which they were reached */
    size_t joined_count;
    int image_width, image_height;
    dn_region *regions;
    size_t count, capacity;
} search;

static void visit_pixel(search *self, int x, int y) {
    if (x < 0 || y < 0 || x >= self->width || y >= self->height)
        return;
    size_t i = (size_t)y * (size_t)self->width + (size_t)x;
    if (self->seen[i] || !self->near[i])
        return;
    self->seen[i] = 1;
    self->joined[self->joined_count++] = (uint32_t)i;
}

static void add_pixel(patch *found, int x, int y, float value) {
    if (found->area++ == 0)
        *found = (patch){.left = x, .top = y, .right = x, .bottom = y, .area = 1};
    found->left = x < found->left ? x : found->left;
    found->right = x > found->right ? x : found->right;
    found->top = y < found->top ? y : found->top;
    found->bottom = y > found->bottom ? y : found->bottom;
    found->sum_x += x + 0.5;
    found->sum_y += y + 0.5;
    found->peak = value > found->peak ? value : found->peak;
}

/* Everything that the pixel (x, y), not seen yet, is joined to. */
static patch follow(search *self, int x, int y) {
    patch found = {0};
    size_t next = self->joined_count;
    visit_pixel(self, x, y);
    for (; next < self->joined_count; next++) {
        uint32_t i = self->joined[next];
        int at_x = (int)(i % (uint32_t)self->width), at_y = (int)(i / (uint32_t)self->width);
        if (self->above[i])
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

/* Its pixels are joined[begin] and those after it. */
static dn_status add_region(search *self, const patch *found, size_t begin, dn_error *error) {
    if (found->area == 0 || (double)found->area < self->least)
        return DN_OK;
    void *regions = self->regions;
    dn_status status =
        dn_grow(&regions, &self->capacity, self->count + 1, sizeof(dn_region), error);
    self->regions = regions;
    if (status != DN_OK)
        return status;
    self->regions[self->count++] = region_of(self, found);
    for (size_t i = begin; i < self->joined_count; i++)
        self->shape[self->joined[i]] = 1;
    return DN_OK;
}

static dn_status allocate(search *self, dn_error *error) {
    void *block;
    size_t pixels = (size_t)self->width * (size_t)self->height;
    uint8_t **masks[] = {&self->above, &self->near, &self->seen, &self->shape};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        DN_TRY(dn_allocate(&block, pixels, 1, error));
        *masks[i] = block;
    }
    DN_TRY(dn_allocate(&block, pixels, sizeof(uint32_t), error));
    self->joined = block;
    return DN_OK;
}

static dn_status find_all(search *self, int reach, dn_error *error) {
    DN_TRY(allocate(self, error));
    for (size_t i = 0; i < (size_t)self->width * (size_t)self->height; i++)
        self->above[i] = self->values[i] > self->level;
    dn_shape_grow(self->above, self->width, self->height, reach, self->near);
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            size_t i = (size_t)y * (size_t)self->width + (size_t)x, begin = self->joined_count;
            if (self->seen[i] || !self->near[i])
                continue;
            patch found = follow(self, x, y);
            DN_TRY(add_region(self, &found, begin, error));
        }
    return dn_shape_fill_holes(self->shape, self->width, self->height, error);
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

int dn_region_reach(int width, int height) {
    int side = width < height ? width : height;
    return (side + DN_REGION_REACH_PART / 2) / DN_REGION_REACH_PART;
}

static void release(search *self) {
    dn_release(self->above);
    dn_release(self->near);
    dn_release(self->seen);
    dn_release(self->joined);
}

/* Passes on what was found. */
static void take(search *self, dn_region **regions, size_t *count, uint8_t **shape) {
    if (self->count > 0)
        qsort(self->regions, self->count, sizeof *self->regions, compare_regions);
    *regions = self->regions;
    *count = self->count;
    if (shape && self->count > 0)
        *shape = self->shape;
    else
        dn_release(self->shape);
}

dn_status dn_regions_search(const float *values, const dn_region_search *wanted,
                            dn_region **regions, size_t *count, uint8_t **shape, dn_error *error) {
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
    if (shape)
        *shape = NULL;
    if (!(wanted->threshold > 0))
        return DN_OK;
    dn_status status = find_all(&self, wanted->reach, error);
    release(&self);
    if (status == DN_OK) {
        take(&self, regions, count, shape);
        return DN_OK;
    }
    dn_release(self.regions);
    dn_release(self.shape);
    return status;
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
        .least_share = DN_REGION_LEAST_SHARE,
        .reach = dn_region_reach(width, height)};
    return dn_regions_search(values, &wanted, regions, count, NULL, error);
}
