/* Image.rotate, nearest neighbour. The centre of output pixel (x, y) comes from the source point
 *
 *     X = m0 (x + 1/2) + m1 (y + 1/2) + m2        m0 =  cos   m1 = sin   (of -angle)
 *     Y = m3 (x + 1/2) + m4 (y + 1/2) + m5        m3 = -sin   m4 = cos
 *
 * with m2, m5 such that the image's centre stays, and takes the pixel that holds this point, black
 * if there is none. Pillow rounds sine and cosine to 15 decimals, so turns by multiples of 90
 * degrees are exact without being treated apart, and computes in 16.16 fixed point where all
 * corners fit, else in double by repeated addition; both are kept bit for bit. */
#include "image/image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 256, OUTSIDE = -1 };

typedef struct rotation {
    int width, height, fixed;
    double matrix[6];
    int64_t step[6];       /* 16.16; [2] and [5] are the source point of output pixel (0, 0) */
    double row_x, row_y;   /* double path: source point of the row's first pixel, */
    double next_x, next_y; /* and of the next one to come */
} rotation;

/* Python's round(value, 15): correctly rounded decimals, which only printf computes. */
static double round_to_15_decimals(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.15f", value);
    return strtod(text, NULL);
}

static void fill_matrix(rotation *turn, double degrees) {
    double center_x = turn->width / 2.0, center_y = turn->height / 2.0;
    double angle = fmod(degrees, 360.0);
    if (angle < 0)
        angle += 360.0;
    angle = -(angle * (3.14159265358979323846 / 180.0));
    double *m = turn->matrix;
    m[0] = m[4] = round_to_15_decimals(cos(angle));
    m[1] = round_to_15_decimals(sin(angle));
    m[3] = round_to_15_decimals(-sin(angle));
    m[2] = m[0] * -center_x + m[1] * -center_y + 0.0;
    m[5] = m[3] * -center_x + m[4] * -center_y + 0.0;
    m[2] += center_x;
    m[5] += center_y;
}

static int fits_fixed_point(const double m[6], double x, double y) {
    return fabs(x * m[0] + y * m[1] + m[2]) < 32768.0 && fabs(x * m[3] + y * m[4] + m[5]) < 32768.0;
}

static int64_t fixed_point(double value) {
    return (int64_t)floor(value * 65536.0 + 0.5);
}

static rotation rotation_create(const dn_image *source, double degrees) {
    rotation turn = {.width = source->width, .height = source->height};
    fill_matrix(&turn, degrees);
    const double *m = turn.matrix;
    turn.fixed = fits_fixed_point(m, 0, 0) && fits_fixed_point(m, turn.width, turn.height) &&
                 fits_fixed_point(m, 0, turn.height) && fits_fixed_point(m, turn.width, 0);
    turn.row_x = m[2] + m[1] * 0.5 + m[0] * 0.5;
    turn.row_y = m[5] + m[4] * 0.5 + m[3] * 0.5;
    if (!turn.fixed)
        return turn;
    for (int i = 0; i < 6; i++)
        turn.step[i] = fixed_point(m[i]);
    turn.step[2] = fixed_point(m[2] + m[0] * 0.5 + m[1] * 0.5);
    turn.step[5] = fixed_point(m[5] + m[3] * 0.5 + m[4] * 0.5);
    return turn;
}

/* Offsets in the source of `count` pixels of row y from column x on. */
static void locate_fixed(const rotation *turn, int y, int x, int count, int32_t *offsets) {
    const int64_t *step = turn->step;
    uint32_t source_x = (uint32_t)(step[2] + y * step[1] + x * step[0]);
    uint32_t source_y = (uint32_t)(step[5] + y * step[4] + x * step[3]);
    uint32_t step_x = (uint32_t)step[0], step_y = (uint32_t)step[3];
    uint32_t width = (uint32_t)turn->width, height = (uint32_t)turn->height;
    for (int i = 0; i < count; i++) {
        /* A negative coordinate becomes a huge one, and is outside as well. */
        uint32_t column = (uint32_t)((int32_t)(source_x + (uint32_t)i * step_x) >> 16);
        uint32_t row = (uint32_t)((int32_t)(source_y + (uint32_t)i * step_y) >> 16);
        int32_t offset = (int32_t)((row * width + column) * 3);
        offsets[i] = column < width && row < height ? offset : OUTSIDE;
    }
}

static void locate_double(rotation *turn, int count, int32_t *offsets) {
    for (int i = 0; i < count; i++) {
        double x = turn->next_x, y = turn->next_y;
        int inside = x >= 0 && y >= 0 && x < turn->width && y < turn->height;
        offsets[i] = inside ? (int32_t)(((int64_t)y * turn->width + (int64_t)x) * 3) : OUTSIDE;
        turn->next_x += turn->matrix[0];
        turn->next_y += turn->matrix[3];
    }
}

/* To be called for all chunks in reading order. */
static void locate(rotation *turn, int y, int x, int count, int32_t *offsets) {
    if (turn->fixed) {
        locate_fixed(turn, y, x, count, offsets);
        return;
    }
    if (x == 0) {
        turn->next_x = turn->row_x;
        turn->next_y = turn->row_y;
        turn->row_x += turn->matrix[1];
        turn->row_y += turn->matrix[4];
    }
    locate_double(turn, count, offsets);
}

static const uint8_t black[3];

static void copy_pixels(const uint8_t *source, const int32_t *offsets, int count,
                        uint8_t *rotated) {
    for (int i = 0; i < count; i++, rotated += 3) {
        const uint8_t *pixel = offsets[i] < 0 ? black : source + offsets[i];
        for (int channel = 0; channel < 3; channel++)
            rotated[channel] = pixel[channel];
    }
}

static void normalize_pixels(const uint8_t *source, const int32_t *offsets, int count,
                             const dn_normalization *table, float *output) {
    for (int i = 0; i < count; i++, output += 3) {
        const uint8_t *pixel = offsets[i] < 0 ? black : source + offsets[i];
        for (int channel = 0; channel < 3; channel++)
            output[channel] = table->value[channel][pixel[channel]];
    }
}

static int chunk_size(int width, int x) {
    return width - x < CHUNK ? width - x : CHUNK;
}

void dn_image_rotate(const dn_image *source, double degrees, dn_image *rotated) {
    rotation turn = rotation_create(source, degrees);
    int32_t offsets[CHUNK];
    uint8_t *next = rotated->pixels;
    for (int y = 0; y < turn.height; y++)
        for (int x = 0; x < turn.width; x += CHUNK) {
            int count = chunk_size(turn.width, x);
            locate(&turn, y, x, count, offsets);
            copy_pixels(source->pixels, offsets, count, next);
            next += 3 * count;
        }
}

void dn_image_rotate_normalize(const dn_image *source, double degrees,
                               const dn_normalization *table, float *output) {
    rotation turn = rotation_create(source, degrees);
    int32_t offsets[CHUNK];
    for (int y = 0; y < turn.height; y++)
        for (int x = 0; x < turn.width; x += CHUNK) {
            int count = chunk_size(turn.width, x);
            locate(&turn, y, x, count, offsets);
            normalize_pixels(source->pixels, offsets, count, table, output);
            output += 3 * count;
        }
}
