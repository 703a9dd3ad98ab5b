#include "detect/tiles/choice.h"

#include <math.h>

dn_tile_choice dn_tiles_choose(int width, int height, int side, double smallest) {
    double reduction = fmax(width, height) / side;
    dn_tile_choice choice = {
        .scale = 1, .smallest = smallest, .seen = smallest / fmax(reduction, 1)};
    int hidden = !(smallest > 0) || choice.seen < DN_TILE_VISIBLE_DEFECT;
    choice.is_on = reduction > DN_TILE_LEAST_REDUCTION && hidden;
    while (choice.is_on && smallest * choice.scale > DN_TILE_LARGE_DEFECT)
        choice.scale /= 2;
    return choice;
}
