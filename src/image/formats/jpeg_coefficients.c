/* libjpeg reaches coefficients only through the virtual arrays of its memory manager, whose methods
 * an application may replace: an array is requested for each component, and its rows of blocks are
 * looked at through a window that moves. A block is packed as
 *
 *     kind, 1 byte          EMPTY: all zero, and nothing follows
 *     mask, 8 bytes         bit i: coefficient i is not zero; bit 0 is always set
 *     coefficient 0         2 bytes
 *     the others of the mask, in 1 byte each, or 2 where one needs them (WIDE) */
#include "image/formats/jpeg_coefficients.h"

#include "base/memory.h"

#include <jerror.h>
#include <stdint.h>
#include <string.h>

enum { EMPTY, NARROW, WIDE };
enum { LARGEST_BLOCK = 1 + 8 + DCTSIZE2 * sizeof(JCOEF), QUAD = 4 };

_Static_assert(sizeof(JCOEF) == 2 && sizeof(JBLOCK) == 128, "coefficients have 2 bytes");

/* Of a component. */
typedef struct dn_jpeg_store {
    struct dn_jpeg_store *next;
    size_t width, height;  /* in blocks */
    uint8_t **packed;      /* [height]; NULL: zeros */
    uint8_t *room;         /* for any packed row */
    JBLOCK *blocks;        /* [count][width]: the rows of the window */
    JBLOCKARRAY rows;      /* [count]: into them */
    size_t first, count;   /* of the window */
    int is_loaded, is_new; /* the window: holds rows; they differ from what is packed */
} dn_jpeg_store;

/* ---- blocks ---- */

static uint64_t mask_of(const JCOEF *block, int *kind) {
    uint64_t mask = 0, quad;
    *kind = EMPTY;
    for (int i = 0; i < DCTSIZE2; i += QUAD) {
        memcpy(&quad, block + i, sizeof quad);
        if (quad == 0)
            continue;
        *kind = *kind == EMPTY ? NARROW : *kind;
        for (int k = i; k < i + QUAD; k++) {
            mask |= (uint64_t)(block[k] != 0) << k;
            *kind = k > 0 && block[k] != (int8_t)block[k] ? WIDE : *kind;
        }
    }
    return mask | 1;
}

/* Returns where the next one begins. */
static uint8_t *pack_block(const JCOEF *block, uint8_t *out) {
    int kind;
    uint64_t mask = mask_of(block, &kind);
    *out++ = (uint8_t)kind;
    if (kind == EMPTY)
        return out;
    memcpy(out, &mask, sizeof mask);
    memcpy(out + sizeof mask, block, sizeof *block);
    out += sizeof mask + sizeof *block;
    for (mask &= mask - 1; mask != 0; mask &= mask - 1) {
        const JCOEF *value = &block[__builtin_ctzll(mask)];
        if (kind == WIDE)
            memcpy(out, value, sizeof *value);
        else
            *out = (uint8_t)*value;
        out += kind == WIDE ? sizeof *value : 1;
    }
    return out;
}

/* Into a block of zeros; returns where the next one begins. */
static const uint8_t *unpack_block(const uint8_t *in, JCOEF *block) {
    uint64_t mask;
    int kind = *in++;
    if (kind == EMPTY)
        return in;
    memcpy(&mask, in, sizeof mask);
    memcpy(block, in + sizeof mask, sizeof *block);
    in += sizeof mask + sizeof *block;
    for (mask &= mask - 1; mask != 0; mask &= mask - 1) {
        JCOEF *value = &block[__builtin_ctzll(mask)];
        if (kind == WIDE)
            memcpy(value, in, sizeof *value);
        else
            *value = (JCOEF)(*in < 128 ? *in : *in - 256);
        in += kind == WIDE ? sizeof *value : 1;
    }
    return in;
}

/* ---- rows ---- */

static void *need(j_common_ptr decoder, size_t count, size_t size) {
    void *block;
    if (dn_allocate(&block, count, size, NULL) != DN_OK)
        ERREXIT1(decoder, JERR_OUT_OF_MEMORY, 0);
    return block;
}

static void pack_row(j_common_ptr decoder, const dn_jpeg_store *self, const JBLOCK *row,
                     uint8_t **packed) {
    uint8_t *end = self->room;
    for (size_t i = 0; i < self->width; i++)
        end = pack_block(row[i], end);
    size_t size = (size_t)(end - self->room);
    dn_release(*packed);
    *packed = NULL;
    *packed = need(decoder, size, 1);
    memcpy(*packed, self->room, size);
}

static void unpack_row(const dn_jpeg_store *self, const uint8_t *packed, JBLOCK *row) {
    memset(row, 0, self->width * sizeof *row);
    for (size_t i = 0; packed && i < self->width; i++)
        packed = unpack_block(packed, row[i]);
}

static void put_window_back(j_common_ptr decoder, dn_jpeg_store *self) {
    for (size_t i = 0; self->is_new && i < self->count; i++)
        pack_row(decoder, self, self->rows[i], &self->packed[self->first + i]);
    self->is_new = 0;
}

static void move_window(j_common_ptr decoder, dn_jpeg_store *self, size_t first) {
    put_window_back(decoder, self);
    self->first = first + self->count > self->height ? self->height - self->count : first;
    self->is_loaded = 1;
    for (size_t i = 0; i < self->count; i++)
        unpack_row(self, self->packed[self->first + i], self->rows[i]);
}

/* ---- methods of the memory manager ---- */

static jvirt_barray_ptr request(j_common_ptr decoder, int pool, boolean zeros, JDIMENSION width,
                                JDIMENSION height, JDIMENSION most) {
    dn_jpeg_coefficients *all = decoder->client_data;
    dn_jpeg_store *self = need(decoder, 1, sizeof *self);
    (void)pool;
    (void)zeros; /* as they are here */
    self->next = all->stores;
    all->stores = self;
    self->width = width;
    self->height = height;
    self->count = most < height ? most : height;
    self->packed = need(decoder, height, sizeof *self->packed);
    return (jvirt_barray_ptr)(void *)self;
}

/* When a row is first looked at: until then a damaged file may still be refused. */
static void begin(j_common_ptr decoder, dn_jpeg_store *self) {
    self->room = need(decoder, self->width, LARGEST_BLOCK);
    self->blocks = need(decoder, self->width * self->count, sizeof *self->blocks);
    self->rows = need(decoder, self->count, sizeof *self->rows);
    for (size_t i = 0; i < self->count; i++)
        self->rows[i] = self->blocks + i * self->width;
}

static JBLOCKARRAY look_at(j_common_ptr decoder, jvirt_barray_ptr array, JDIMENSION first,
                           JDIMENSION count, boolean changes) {
    dn_jpeg_store *self = (dn_jpeg_store *)(void *)array;
    if (count > self->count || first > self->height - count)
        ERREXIT(decoder, JERR_BAD_VIRTUAL_ACCESS);
    if (!self->rows)
        begin(decoder, self);
    if (!self->is_loaded || first < self->first ||
        (size_t)first + count > self->first + self->count)
        move_window(decoder, self, first);
    self->is_new |= changes;
    return self->rows + (first - self->first);
}

void dn_jpeg_coefficients_pack(j_decompress_ptr decoder, dn_jpeg_coefficients *coefficients) {
    decoder->client_data = coefficients;
    decoder->mem->request_virt_barray = request;
    decoder->mem->access_virt_barray = look_at;
}

void dn_jpeg_coefficients_free(dn_jpeg_coefficients *coefficients) {
    for (dn_jpeg_store *self = coefficients->stores, *next; self; self = next) {
        next = self->next;
        for (size_t row = 0; self->packed && row < self->height; row++)
            dn_release(self->packed[row]);
        dn_release(self->packed);
        dn_release(self->room);
        dn_release(self->blocks);
        dn_release(self->rows);
        dn_release(self);
    }
    coefficients->stores = NULL;
}
