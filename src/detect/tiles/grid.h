/*
 * Where the tiles of a picture lie (docs/tiles.md). A tile is what the network sees at once: a
 * rectangle of the picture, brought to the network's input size. Tiles of a row are a tile's width
 * less the overlap apart; the last one is shifted inwards, so that nothing is padded; columns
 * likewise. A picture smaller than a tile gives smaller tiles, which are made larger.
 */
#ifndef DN_DETECT_TILES_GRID_H
#define DN_DETECT_TILES_GRID_H

#include "config/config.h"
#include "image/roi.h"

/* Of a picture at most. */
enum { DN_TILES_MOST = 20000 };

/* In pixels of the picture. */
typedef struct dn_tile {
    int x, y, width, height;
} dn_tile;

/* How pictures are cut. */
typedef struct dn_tiling {
    int is_on;         /* 0: the whole picture is the only tile */
    int width, height; /* of the network's input */
    double overlap;    /* share of a tile's side */
    double scale;      /* pixels of the input for a pixel of the picture */
    const dn_roi *roi; /* the caller's; NULL: everything counts */
} dn_tiling;

/* That of a configuration whose `tiles` is off or a side. */
dn_tiling dn_tiling_of(const dn_config *config, const dn_roi *roi);

/* The tiles of a picture, row by row. Zeros: none are laid yet. */
typedef struct dn_tiles {
    int picture_width, picture_height;
    int columns, rows; /* of the whole grid */
    int width, height; /* of a tile */
    int step_x, step_y;
    dn_tile *tile; /* [count]: those that hold a part of the region of interest; owned */
    int count;
    size_t capacity;
} dn_tiles;

/* Lays the grid over a picture of that size; does nothing where it lies already. Without tiles the
 * picture itself is the only one. DN_ERROR_DATA where there would be more than DN_TILES_MOST. */
dn_status dn_tiles_lay(const dn_tiling *tiling, int width, int height, dn_tiles *tiles,
                       dn_error *error);
void dn_tiles_free(dn_tiles *tiles);

/* Copies a tile out of its picture, black outside the region of interest, at the network's input
 * size. *cut has that size; `picture` is larger than a tile or as large. */
dn_status dn_tile_cut(const dn_tiling *tiling, const dn_image *picture, const dn_tile *tile,
                      dn_image *cut, dn_error *error);

#endif
