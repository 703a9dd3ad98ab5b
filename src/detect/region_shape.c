#include "detect/region_shape.h"

#include "base/memory.h"

#include <string.h>

typedef struct shape {
    uint8_t *marked;
    int width, height;
    uint32_t *waiting;
    size_t count;
} shape;

static int is_marked(const uint8_t *marked, int width, int height, int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height &&
           marked[(size_t)y * (size_t)width + (size_t)x];
}

/* The inner ones add nothing. */
static int is_at_edge(const uint8_t *marked, int width, int height, int x, int y) {
    return !is_marked(marked, width, height, x - 1, y) ||
           !is_marked(marked, width, height, x + 1, y) ||
           !is_marked(marked, width, height, x, y - 1) ||
           !is_marked(marked, width, height, x, y + 1);
}

static void stamp_disc(uint8_t *grown, int width, int height, int x, int y, int reach) {
    for (int dy = -reach; dy <= reach; dy++) {
        int across = 0, row = y + dy;
        while ((across + 1) * (across + 1) + dy * dy <= reach * reach)
            across++;
        int left = x - across > 0 ? x - across : 0;
        int right = x + across < width - 1 ? x + across : width - 1;
        if (row >= 0 && row < height)
            memset(grown + (size_t)row * (size_t)width + (size_t)left, 1,
                   (size_t)right - (size_t)left + 1);
    }
}

void dn_shape_grow(const uint8_t *marked, int width, int height, int reach, uint8_t *grown) {
    memcpy(grown, marked, (size_t)width * (size_t)height);
    for (int y = 0; reach > 0 && y < height; y++)
        for (int x = 0; x < width; x++)
            if (is_marked(marked, width, height, x, y) && is_at_edge(marked, width, height, x, y))
                stamp_disc(grown, width, height, x, y, reach);
}

enum { OUTSIDE = 2 };

static void leave(shape *self, int x, int y) {
    if (x < 0 || y < 0 || x >= self->width || y >= self->height)
        return;
    size_t i = (size_t)y * (size_t)self->width + (size_t)x;
    if (self->marked[i])
        return;
    self->marked[i] = OUTSIDE;
    self->waiting[self->count++] = (uint32_t)i;
}

static void leave_from_edges(shape *self) {
    for (int x = 0; x < self->width; x++) {
        leave(self, x, 0);
        leave(self, x, self->height - 1);
    }
    for (int y = 0; y < self->height; y++) {
        leave(self, 0, y);
        leave(self, self->width - 1, y);
    }
    while (self->count > 0) {
        uint32_t i = self->waiting[--self->count];
        int x = (int)(i % (uint32_t)self->width), y = (int)(i / (uint32_t)self->width);
        leave(self, x - 1, y);
        leave(self, x + 1, y);
        leave(self, x, y - 1);
        leave(self, x, y + 1);
    }
}

dn_status dn_shape_fill_holes(uint8_t *marked, int width, int height, dn_error *error) {
    size_t pixels = (size_t)width * (size_t)height;
    void *block;
    DN_TRY(dn_allocate(&block, pixels, sizeof(uint32_t), error));
    shape self = {.marked = marked, .width = width, .height = height, .waiting = block};
    leave_from_edges(&self);
    for (size_t i = 0; i < pixels; i++)
        marked[i] = marked[i] != OUTSIDE;
    dn_release(block);
    return DN_OK;
}
