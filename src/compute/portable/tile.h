/*
 * The inner loop of products and convolutions, in registers: sums of up to 8 rows in 8 columns,
 *     sum[r][c] += sum_k row[r][k] panel[k][c]
 * Each sum is formed in the order of k, so it does not depend on the rows beside it.
 */
#ifndef DN_COMPUTE_TILE_H
#define DN_COMPUTE_TILE_H

#include "base/every_cpu.h"
#include "compute/compute.h"

#include <stddef.h>
#include <string.h>

/* NEON has 32 registers of four numbers: 16 for the sums, 8 for the rows, 2 for the panel. */
enum { DN_TILE_ROWS = 8, DN_TILE_COLUMNS = 8, DN_LANES = 4, DN_PARTS = 2 };

typedef float dn_lanes __attribute__((vector_size(16), aligned(4), may_alias));
typedef int dn_lane_mask __attribute__((vector_size(16)));

/* Eight numbers, and up to eight rows of them. */
typedef struct dn_row {
    dn_lanes part[DN_PARTS];
} dn_row;

typedef struct dn_tile {
    dn_row sum[DN_TILE_ROWS];
} dn_tile;

DN_INLINE dn_lanes dn_lanes_load(const float *from) {
    return *(const dn_lanes *)(const void *)from;
}

/* One step of k: the panel's 8 columns times a lane of each row. */
DN_INLINE void dn_tile_step(dn_tile *tile, int rows, const dn_lanes *value, int lane,
                            const float *panel) {
    dn_lanes low = dn_lanes_load(panel), high = dn_lanes_load(panel + DN_LANES);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        tile->sum[r].part[0] += value[r][lane] * low;
        tile->sum[r].part[1] += value[r][lane] * high;
    }
}

/* `rows` is a constant after inlining. row[r] has `count` numbers, the panel count * 8. */
DN_INLINE void dn_tile_add(dn_tile *tile, int rows, const float *const *row, size_t count,
                           const float *panel) {
    size_t k = 0;
    for (; k + DN_LANES <= count; k += DN_LANES, panel += DN_LANES * DN_TILE_COLUMNS) {
        dn_lanes value[DN_TILE_ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            value[r] = dn_lanes_load(row[r] + k);
#pragma GCC unroll 4
        for (int lane = 0; lane < DN_LANES; lane++)
            dn_tile_step(tile, rows, value, lane, panel + lane * DN_TILE_COLUMNS);
    }
    for (; k < count; k++, panel += DN_TILE_COLUMNS) {
        dn_lanes value[DN_TILE_ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            value[r] = (dn_lanes){row[r][k]};
        dn_tile_step(tile, rows, value, 0, panel);
    }
}

/* The first `columns` numbers; the others are 0. */
DN_INLINE dn_row dn_row_load(const float *from, size_t columns) {
    float values[DN_TILE_COLUMNS] = {0};
    if (columns == DN_TILE_COLUMNS)
        return (dn_row){{dn_lanes_load(from), dn_lanes_load(from + DN_LANES)}};
    memcpy(values, from, columns * sizeof *from);
    return (dn_row){{dn_lanes_load(values), dn_lanes_load(values + DN_LANES)}};
}

/* The sums of row r += values. */
DN_INLINE void dn_tile_add_row(dn_tile *tile, int r, const float *values, size_t columns) {
    const dn_row row = dn_row_load(values, columns);
    tile->sum[r].part[0] += row.part[0];
    tile->sum[r].part[1] += row.part[1];
}

DN_INLINE void dn_tile_clear(dn_tile *tile, int rows) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
        tile->sum[r] = (dn_row){0};
}

/* The first `columns` sums of row r. */
DN_INLINE void dn_tile_store(const dn_tile *tile, int r, float *to, size_t columns) {
    if (columns < DN_TILE_COLUMNS) {
        memcpy(to, &tile->sum[r], columns * sizeof *to);
        return;
    }
    *(dn_lanes *)(void *)to = tile->sum[r].part[0];
    *(dn_lanes *)(void *)(to + DN_LANES) = tile->sum[r].part[1];
}

DN_INLINE dn_lanes dn_lanes_choose(dn_lane_mask mask, dn_lanes where, dn_lanes elsewhere) {
    return (dn_lanes)((mask & (dn_lane_mask)where) | (~mask & (dn_lane_mask)elsewhere));
}

DN_INLINE void dn_tile_activate(dn_tile *tile, int r, dn_activation activation) {
    const dn_lanes zero = {0}, six = {6, 6, 6, 6};
    if (activation == DN_ACTIVATION_NONE)
        return;
#pragma GCC unroll 2
    for (int part = 0; part < DN_PARTS; part++) {
        dn_lanes value = tile->sum[r].part[part];
        value = dn_lanes_choose(value < zero, zero, value);
        if (activation == DN_ACTIVATION_RELU6)
            value = dn_lanes_choose(value > six, six, value);
        tile->sum[r].part[part] = value;
    }
}

/* Of `left` rows, how many the next tile has: 8, 4 or 1, some of them repeated where fewer are
 * left, which costs less than one after the other. */
DN_INLINE int dn_tile_rows(size_t left) {
    return left > DN_TILE_ROWS / 2 ? DN_TILE_ROWS : left > 1 ? DN_TILE_ROWS / 2 : 1;
}

#endif
