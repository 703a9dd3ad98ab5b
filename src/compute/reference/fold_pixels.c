/*
 * Pixels of an image, resized to the nearest, as squares of block x block:
 *     out[b][p][q][(i*block+j)*3 + c] = in[b, ny(p*block+i-pad_top), nx(q*block+j-pad_left), c]
 * in  [batch][in_height][in_width][3]
 * out [batch][rows][columns][block*block*3]; fill[c] outside 0 <= p*block+i-pad_top < height,
 *     0 <= q*block+j-pad_left < width
 */
#include "compute/reference/reference.h"
#include "compute/shape.h"

static uint8_t pixel_at(const dn_fold_shape *s, const uint8_t *image, const uint8_t fill[3], int y,
                        int x, int c) {
    if (y < 0 || y >= s->height || x < 0 || x >= s->width)
        return fill[c];
    int from_y = dn_nearest_position(y, s->in_height, s->height);
    int from_x = dn_nearest_position(x, s->in_width, s->width);
    return image[((size_t)from_y * (size_t)s->in_width + (size_t)from_x) * 3 + (size_t)c];
}

dn_status dn_reference_fold_pixels(void *context, void *out, dn_element element, const uint8_t *in,
                                   const uint8_t fill[3], const dn_fold_shape *shape,
                                   dn_error *error) {
    (void)context;
    DN_TRY(dn_check_fold(shape, element, error));
    const dn_fold_shape s = *shape;
    uint8_t *place = out;
    for (int row = 0; row < s.batch * s.rows; row++)
        for (int k = 0; k < s.columns * s.block * s.block; k++)
            for (int c = 0; c < 3; c++, place += dn_element_size(element)) {
                int square = k / (s.block * s.block), i = k / s.block % s.block, j = k % s.block;
                const uint8_t *image =
                    in + (size_t)(row / s.rows) * (size_t)s.in_height * (size_t)s.in_width * 3;
                float value =
                    (float)pixel_at(&s, image, fill, row % s.rows * s.block + i - s.pad_top,
                                    square * s.block + j - s.pad_left, c);
                dn_elements_narrow(place, &value, element, 1, 1);
            }
    return DN_OK;
}
