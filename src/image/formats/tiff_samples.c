#include "image/formats/tiff_samples.h"

#include "base/memory.h"
#include "image/formats/decode.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_COMPONENTS = 5 /* CMYK and alpha */ };

/* ---- What a page is -------------------------------------------------------------------------- */

int dn_tiff_colors(const dn_tiff_layout *layout) {
    switch (layout->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        return 1;
    case PHOTOMETRIC_PALETTE:
        return layout->palette[0] && layout->bits <= 8 ? 1 : 0;
    case PHOTOMETRIC_RGB:
        return 3;
    case PHOTOMETRIC_CIELAB:
        return layout->bits == 8 ? 3 : 0;
    case PHOTOMETRIC_SEPARATED:
        return 4;
    default:
        return 0;
    }
}

int dn_tiff_is_deep(const dn_tiff_layout *layout) {
    int has_levels = layout->photometric == PHOTOMETRIC_MINISWHITE ||
                     layout->photometric == PHOTOMETRIC_MINISBLACK ||
                     layout->photometric == PHOTOMETRIC_RGB;
    return has_levels && !layout->associated_alpha &&
           (layout->bits > 8 || layout->format != SAMPLEFORMAT_UINT);
}

int dn_tiff_planes(const dn_tiff_layout *layout) {
    if (layout->planar == PLANARCONFIG_CONTIG)
        return 1;
    return dn_tiff_colors(layout) + layout->associated_alpha;
}

void dn_tiff_describe(const dn_tiff_layout *layout, dn_raster *raster) {
    if (!dn_tiff_is_deep(layout))
        return;
    raster->bits = layout->bits;
    raster->channels = dn_tiff_colors(layout);
    raster->white_is_zero = layout->photometric == PHOTOMETRIC_MINISWHITE;
    raster->is_whole = layout->format != SAMPLEFORMAT_IEEEFP;
    raster->type =
        layout->format == SAMPLEFORMAT_UINT && layout->bits <= 16 ? DN_SAMPLES_U16 : DN_SAMPLES_F32;
    int magnitude = layout->format == SAMPLEFORMAT_INT ? layout->bits - 1 : layout->bits;
    if (raster->is_whole) /* in floats: those of 32 bits are rounded */
        raster->whole.white = (double)(float)(ldexp(1, magnitude) - 1);
    if (layout->format == SAMPLEFORMAT_INT)
        raster->whole.black = -ldexp(1, magnitude);
    raster->declared = layout->declared;
    if (layout->format == SAMPLEFORMAT_UINT && layout->bits % 8 != 0)
        raster->declared = raster->whole; /* packed: the depth is the file's */
}

/* ---- One sample ------------------------------------------------------------------------------ */

/* libtiff hands out samples of whole bytes in the machine's order, others as they are packed: most
 * significant bit first. At most 16 bits. */
static unsigned whole_sample(const uint8_t *row, size_t index, int bits) {
    uint16_t deep;
    unsigned value = 0;
    if (bits == 8)
        return row[index];
    if (bits == 16) {
        memcpy(&deep, row + 2 * index, 2);
        return deep;
    }
    size_t bit = index * (size_t)bits;
    for (int i = 0; i < bits; i++, bit++)
        value = value << 1 | ((unsigned)row[bit / 8] >> (7 - bit % 8) & 1u);
    return value;
}

/* Scaled to 8 bits; of more the upper ones count. */
static uint8_t byte_sample(const uint8_t *row, size_t index, int bits) {
    unsigned value = whole_sample(row, index, bits);
    if (bits < 1)
        return 0;
    if (bits < 8)
        return (uint8_t)(value * 255 / ((1u << bits) - 1));
    return (uint8_t)(value >> (bits - 8));
}

/* IEEE 754 binary16. */
static float float_of_half(uint16_t half) {
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                                    : ldexp(1024 + fraction, exponent - 25);
    return (float)(half & 0x8000 ? -value : value);
}

static float float_sample(const uint8_t *row, size_t index, int bits) {
    uint16_t half;
    float single;
    double wide;
    if (bits == 16) {
        memcpy(&half, row + 2 * index, 2);
        return float_of_half(half);
    }
    if (bits == 32) {
        memcpy(&single, row + 4 * index, 4);
        return single;
    }
    memcpy(&wide, row + 8 * index, 8);
    if (isfinite(wide)) /* C does not define the conversion of values beyond float */
        wide = fmax(fmin(wide, (double)FLT_MAX), (double)-FLT_MAX);
    return (float)wide;
}

static float integer_sample(const uint8_t *row, size_t index, int bits, int is_signed) {
    uint32_t word;
    if (bits < 1)
        return 0;
    if (bits == 32) {
        memcpy(&word, row + 4 * index, 4);
        return is_signed ? (float)(int32_t)word : (float)word;
    }
    unsigned value = whole_sample(row, index, bits), sign = 1u << (bits - 1);
    return is_signed && value & sign ? (float)value - (float)(2 * sign) : (float)value;
}

static float deep_sample(const dn_tiff_layout *layout, const uint8_t *row, size_t index) {
    if (layout->format == SAMPLEFORMAT_IEEEFP)
        return float_sample(row, index, layout->bits);
    return integer_sample(row, index, layout->bits, layout->format == SAMPLEFORMAT_INT);
}

/* ---- One pixel of bytes ---------------------------------------------------------------------- */

/* f^-1 of CIE Lab. */
static double light_of(double f) {
    return f > 6.0 / 29 ? f * f * f : 3 * (6.0 / 29) * (6.0 / 29) * (f - 4.0 / 29);
}

static uint8_t encode_srgb(double linear) {
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (uint8_t)(fmin(fmax(value, 0), 1) * 255 + 0.5);
}

/* Lab of white D50 to sRGB; the matrix is sRGB's, adapted to D50 (Bradford). L is 0 to 255 for 0 to
 * 100, a and b are signed bytes. */
static void rgb_of_lab(const uint8_t lab[3], uint8_t rgb[3]) {
    static const double matrix[3][3] = {{3.1338561, -1.6168667, -0.4906146},
                                        {-0.9787684, 1.9161415, 0.0334540},
                                        {0.0719453, -0.2289914, 1.4052427}};
    double middle = (lab[0] * 100 / 255.0 + 16) / 116;
    double x = 0.9642 * light_of(middle + (int8_t)lab[1] / 500.0);
    double y = light_of(middle);
    double z = 0.8249 * light_of(middle - (int8_t)lab[2] / 200.0);
    for (int channel = 0; channel < 3; channel++)
        rgb[channel] =
            encode_srgb(matrix[channel][0] * x + matrix[channel][1] * y + matrix[channel][2] * z);
}

static void divide_by_alpha(uint8_t rgb[3], unsigned alpha) {
    for (int channel = 0; channel < 3; channel++) {
        unsigned color = alpha ? rgb[channel] * 255u / alpha : 0;
        rgb[channel] = (uint8_t)(color > 255 ? 255 : color);
    }
}

/* `component`: the colours and associated alpha; of a palette the index. */
static void make_pixel(const dn_tiff_layout *layout, const uint8_t *component, uint8_t rgb[3]) {
    for (int channel = 0; channel < 3; channel++)
        switch (layout->photometric) {
        case PHOTOMETRIC_MINISWHITE:
            rgb[channel] = (uint8_t)(255 - component[0]);
            break;
        case PHOTOMETRIC_MINISBLACK:
            rgb[channel] = component[0];
            break;
        case PHOTOMETRIC_PALETTE:
            rgb[channel] = (uint8_t)(layout->palette[channel][component[0]] >> 8);
            break;
        case PHOTOMETRIC_SEPARATED:
            rgb[channel] = dn_light_of_ink(component[channel], 255u - component[3]);
            break;
        default:
            rgb[channel] = component[channel];
        }
    if (layout->photometric == PHOTOMETRIC_CIELAB)
        rgb_of_lab(component, rgb);
    if (layout->associated_alpha)
        divide_by_alpha(rgb, component[dn_tiff_colors(layout)]);
}

static uint8_t component_of(const dn_tiff_layout *layout, const uint8_t *row, size_t index) {
    if (layout->photometric == PHOTOMETRIC_PALETTE)
        return (uint8_t)whole_sample(row, index, layout->bits);
    return byte_sample(row, index, layout->bits);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

dn_status dn_tiff_rows_begin(const dn_tiff_layout *layout, dn_raster *raster, dn_tiff_rows *rows,
                             dn_error *error) {
    void *block;
    int planes = dn_tiff_planes(layout);
    *rows = (dn_tiff_rows){.layout = layout, .raster = raster};
    if (planes == 1 || raster->type != DN_SAMPLES_RGB8)
        return DN_OK;
    DN_TRY(dn_allocate(&block, (size_t)layout->width * layout->height, (size_t)planes, error));
    rows->stored = block;
    return DN_OK;
}

static void add_deep(dn_tiff_rows *rows, int plane, const uint8_t *row, size_t first,
                     size_t count) {
    const dn_tiff_layout *layout = rows->layout;
    size_t channels = (size_t)rows->raster->channels;
    int is_planar = layout->planar != PLANARCONFIG_CONTIG;
    for (size_t i = 0; i < count; i++)
        for (size_t channel = 0; channel < (is_planar ? 1 : channels); channel++) {
            size_t index = is_planar ? i : i * layout->samples + channel;
            size_t target = (first + i) * channels + (is_planar ? (size_t)plane : channel);
            if (rows->raster->type == DN_SAMPLES_U16)
                ((uint16_t *)rows->raster->samples)[target] =
                    (uint16_t)whole_sample(row, index, layout->bits);
            else
                ((float *)rows->raster->samples)[target] = deep_sample(layout, row, index);
        }
}

static void add_interleaved(dn_tiff_rows *rows, const uint8_t *row, size_t first, size_t count) {
    const dn_tiff_layout *layout = rows->layout;
    int components = dn_tiff_colors(layout) + layout->associated_alpha;
    size_t step = layout->planar == PLANARCONFIG_CONTIG ? layout->samples : 1;
    uint8_t component[MOST_COMPONENTS], *rgb = (uint8_t *)rows->raster->samples + 3 * first;
    for (size_t i = 0; i < count; i++, rgb += 3) {
        for (int c = 0; c < components; c++)
            component[c] = component_of(layout, row, i * step + (size_t)c);
        make_pixel(layout, component, rgb);
    }
}

void dn_tiff_rows_add(dn_tiff_rows *rows, int plane, const uint8_t *row, size_t x, size_t y,
                      size_t count) {
    size_t first = y * rows->layout->width + x, planes = (size_t)dn_tiff_planes(rows->layout);
    if (rows->raster->type != DN_SAMPLES_RGB8)
        add_deep(rows, plane, row, first, count);
    else if (!rows->stored)
        add_interleaved(rows, row, first, count);
    else
        for (size_t i = 0; i < count; i++)
            rows->stored[(first + i) * planes + (size_t)plane] = component_of(rows->layout, row, i);
}

void dn_tiff_rows_end(dn_tiff_rows *rows) {
    size_t planes = (size_t)dn_tiff_planes(rows->layout);
    size_t count = (size_t)rows->layout->width * rows->layout->height;
    for (size_t i = 0; rows->stored && i < count; i++)
        make_pixel(rows->layout, rows->stored + i * planes,
                   (uint8_t *)rows->raster->samples + 3 * i);
    dn_release(rows->stored);
    rows->stored = NULL;
}
