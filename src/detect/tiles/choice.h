/* Whether pictures need tiles, and at which scale: `tiles: auto` (docs/tiles.md). */
#ifndef DN_DETECT_TILES_CHOICE_H
#define DN_DETECT_TILES_CHOICE_H

/* A defect that the network sees as at least so many pixels needs no tiles; where it is larger than
 * DN_TILE_LARGE_DEFECT, tiles are cut from a smaller picture, in which it still has half of that.
 */
#define DN_TILE_VISIBLE_DEFECT 16.0
#define DN_TILE_LARGE_DEFECT 64.0

/* Pictures that are made smaller by at most this are not worth tiles. */
#define DN_TILE_LEAST_REDUCTION 1.5

typedef struct dn_tile_choice {
    int is_on;
    double scale;    /* 1, 1/2, 1/4, ... */
    double smallest; /* side of the smallest defect in pixels of the picture; 0: unknown */
    double seen;     /* the same in the network's input, without tiles */
} dn_tile_choice;

/* For pictures of that size and an input of side x side; `smallest` 0: there are no masks. */
dn_tile_choice dn_tiles_choose(int width, int height, int side, double smallest);

#endif
