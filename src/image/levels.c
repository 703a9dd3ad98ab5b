#include "image/levels.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { U16_VALUES = 65536 };

static dn_sample_range own_range(const dn_raster *raster, double lowest, double highest) {
    dn_sample_range range = {fmin(lowest, 0), highest};
    if (dn_range_is_known(raster->declared))
        return raster->declared;
    if (!dn_range_is_known(range))
        range.white = range.black + 1;
    return range;
}

static dn_status choose_range(const dn_levels *levels, const char *name, const dn_raster *raster,
                              const dn_depth *depth, dn_sample_range *range, dn_error *error) {
    if (!levels || levels->kind == DN_LEVELS_OWN) {
        *range = own_range(raster, depth->lowest, depth->highest);
        return DN_OK;
    }
    *range = levels->kind == DN_LEVELS_SET ? levels->range : raster->whole;
    if (dn_range_is_known(*range))
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: has floating-point samples from %g to %g, and nothing says which of them "
                   "are black and white: train a model with --set levels=BLACK:WHITE",
                   name, depth->lowest, depth->highest);
}

/* The formula of levels.h. What is no number becomes black. */
static uint8_t level_of(double value, dn_sample_range range, double span) {
    double level = floor((value - range.black) * 256 / span);
    return (uint8_t)(level > 0 ? fmin(level, 255) : 0);
}

static void put(uint8_t *rgb, const dn_raster *raster, size_t index, uint8_t level) {
    if (raster->white_is_zero)
        level = (uint8_t)(255 - level);
    if (raster->channels == 3)
        rgb[index] = level;
    else
        memset(rgb + 3 * index, level, 3);
}

static void map_u16(const dn_raster *raster, dn_sample_range range, double span, uint8_t *rgb) {
    const uint16_t *samples = raster->samples;
    uint8_t table[U16_VALUES];
    size_t count = (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels;
    for (int value = 0; value < U16_VALUES; value++)
        table[value] = level_of(value, range, span);
    for (size_t i = 0; i < count; i++)
        put(rgb, raster, i, table[samples[i]]);
}

static void map_f32(const dn_raster *raster, dn_sample_range range, double span, uint8_t *rgb) {
    const float *samples = raster->samples;
    size_t count = (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels;
    for (size_t i = 0; i < count; i++)
        put(rgb, raster, i, level_of((double)samples[i], range, span));
}

static dn_status map_deep(const dn_levels *levels, const char *name, const dn_raster *raster,
                          dn_image *image, dn_error *error) {
    dn_sample_range range;
    dn_depth depth = {.bits = raster->bits, .is_mapped = 1};
    dn_raster_extremes(raster, &depth.lowest, &depth.highest);
    DN_TRY(choose_range(levels, name, raster, &depth, &range, error));
    DN_TRY(dn_image_create(raster->width, raster->height, image, error));
    double span = range.white - range.black + raster->is_whole;
    if (raster->type == DN_SAMPLES_U16)
        map_u16(raster, range, span, image->pixels);
    else
        map_f32(raster, range, span, image->pixels);
    depth.black = range.black;
    depth.white = range.white;
    if (depth.lowest < range.black || depth.highest > range.white || raster->type == DN_SAMPLES_F32)
        depth.outside = dn_raster_outside(raster, range);
    image->depth = depth;
    return DN_OK;
}

dn_status dn_levels_apply(const dn_levels *levels, const char *name, dn_raster *raster,
                          dn_image *image, dn_error *error) {
    *image = (dn_image){0};
    if (raster->type != DN_SAMPLES_RGB8) {
        dn_status status = map_deep(levels, name, raster, image, error);
        dn_raster_free(raster);
        return status;
    }
    *image = (dn_image){.width = raster->width,
                        .height = raster->height,
                        .pixels = raster->samples,
                        .depth.bits = raster->bits};
    *raster = (dn_raster){0};
    return DN_OK;
}
