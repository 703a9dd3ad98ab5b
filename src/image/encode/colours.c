#include "image/encode/colours.h"

#include "base/memory.h"
#include "image/encode/outline.h"

#include <math.h>
#include <string.h>

enum { SHADES = 256 };

/* Linear sRGB of OKLab (Ottosson 2020: the matrices of its definition). */
static void linear_rgb(double lightness, double a, double b, double rgb[3]) {
    double l = lightness + 0.3963377774 * a + 0.2158037573 * b;
    double m = lightness - 0.1055613458 * a - 0.0638541728 * b;
    double s = lightness - 0.0894841775 * a - 1.2914855480 * b;
    l = l * l * l, m = m * m * m, s = s * s * s;
    rgb[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    rgb[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    rgb[2] = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s;
}

static int shows(const double rgb[3]) {
    for (int c = 0; c < 3; c++)
        if (rgb[c] < 0 || rgb[c] > 1)
            return 0;
    return 1;
}

static uint8_t encode(double linear) {
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (uint8_t)(fmin(fmax(value, 0), 1) * 255 + 0.5);
}

void dn_colour_of(double t, uint8_t rgb[3]) {
    double lightness = 0.15 + 0.8 * t, hue = (300 + 150 * t) * (3.14159265358979323846 / 180);
    double low = 0, high = 0.17, linear[3];
    for (int step = 0; step < 20; step++) {
        double chroma = step == 0 ? high : (low + high) / 2;
        linear_rgb(lightness, chroma * cos(hue), chroma * sin(hue), linear);
        *(shows(linear) ? &low : &high) = chroma;
    }
    linear_rgb(lightness, low * cos(hue), low * sin(hue), linear);
    for (int c = 0; c < 3; c++)
        rgb[c] = encode(linear[c]);
}

static void fill_shades(uint8_t shades[SHADES][3]) {
    for (int i = 0; i < SHADES; i++)
        dn_colour_of(i / (SHADES - 1.0), shades[i]);
}

static float strength_of(const dn_map_view *view, float value) {
    float ratio = view->scale > 0 ? value / view->scale : 0;
    return ratio < 1 ? ratio * ratio : 1;
}

static int shade_of(float strength) {
    return (int)(strength * (SHADES - 1) + 0.5F);
}

static float place_of(int pixel, int count, int extent) {
    float place = ((float)pixel + 0.5F) * (float)extent / (float)count - 0.5F;
    return fminf(fmaxf(place, 0), (float)(extent - 1));
}

/* The map at pixel (x, y) of a picture of width by height, bilinear. */
static float sample(const dn_map_view *view, int x, int y, int width, int height) {
    float u = place_of(x, width, view->width), v = place_of(y, height, view->height);
    int left = (int)u, top = (int)v;
    int right = left + 1 < view->width ? left + 1 : left;
    int bottom = top + 1 < view->height ? top + 1 : top;
    const float *upper = view->values + (size_t)top * (size_t)view->width;
    const float *lower = view->values + (size_t)bottom * (size_t)view->width;
    float s = u - (float)left, t = v - (float)top;
    return (1 - t) * ((1 - s) * upper[left] + s * upper[right]) +
           t * ((1 - s) * lower[left] + s * lower[right]);
}

void dn_map_view_row(const dn_map_view *view, int y, int width, int height, float *row) {
    for (int x = 0; x < width; x++)
        row[x] = sample(view, x, y, width, height);
}

dn_status dn_map_view_draw(const dn_map_view *view, int width, int height, dn_image *image,
                           dn_error *error) {
    uint8_t shades[SHADES][3];
    DN_TRY(dn_image_create(width, height, image, error));
    fill_shades(shades);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(image->pixels + ((size_t)y * (size_t)width + (size_t)x) * 3,
                   shades[shade_of(strength_of(view, sample(view, x, y, width, height)))], 3);
    return DN_OK;
}

static int counts(const dn_map_view *view, int x, int y, const dn_image *image) {
    int column = (int)((2 * x + 1) * (int64_t)view->width / (2 * image->width));
    int row = (int)((2 * y + 1) * (int64_t)view->height / (2 * image->height));
    return !view->inside || view->inside[row * view->width + column];
}

/* What is not looked at, is seen to be so. */
static void darken(uint8_t *pixel) {
    for (int c = 0; c < 3; c++)
        pixel[c] /= 2;
}

static void draw_pixel(const dn_map_view *view, const uint8_t shades[SHADES][3], uint8_t *pixel,
                       float value) {
    float strength = strength_of(view, value);
    float opacity = 0.75F * fminf(1, 2 * strength);
    const uint8_t *shade = shades[shade_of(strength)];
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)((1 - opacity) * (float)pixel[c] + opacity * (float)shade[c] + 0.5F);
}

static void draw_colours(const dn_map_view *view, dn_image *photograph) {
    uint8_t shades[SHADES][3];
    fill_shades(shades);
    for (int y = 0; y < photograph->height; y++)
        for (int x = 0; x < photograph->width; x++) {
            uint8_t *pixel =
                photograph->pixels + ((size_t)y * (size_t)photograph->width + (size_t)x) * 3;
            if (counts(view, x, y, photograph))
                draw_pixel(view, (const uint8_t(*)[3])shades, pixel,
                           sample(view, x, y, photograph->width, photograph->height));
            else
                darken(pixel);
        }
}

/* The shape at the photograph's size: its edge runs where the bilinear shape is a half. */
static dn_status draw_outlines(const dn_map_view *view, dn_image *photograph, dn_error *error) {
    void *block;
    int width = photograph->width, height = photograph->height;
    dn_map_view marks = *view;
    float *values;
    size_t places = (size_t)view->width * (size_t)view->height;
    DN_TRY(dn_allocate_floats(&values, places, error));
    for (size_t i = 0; i < places; i++)
        values[i] = view->shape[i];
    marks.values = values;
    dn_status status = dn_allocate(&block, (size_t)width * (size_t)height, 1, error);
    if (status == DN_OK) {
        uint8_t *inside = block;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                inside[(size_t)y * (size_t)width + (size_t)x] =
                    sample(&marks, x, y, width, height) > 0.5F;
        dn_outline_draw(photograph, inside);
        dn_release(block);
    }
    dn_release(values);
    return status;
}

dn_status dn_map_view_overlay(const dn_map_view *view, dn_image *photograph, dn_error *error) {
    draw_colours(view, photograph);
    return view->shape ? draw_outlines(view, photograph, error) : DN_OK;
}

dn_status dn_map_view_mask(const dn_map_view *view, int width, int height, dn_image *image,
                           dn_error *error) {
    DN_TRY(dn_image_create(width, height, image, error));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memset(image->pixels + ((size_t)y * (size_t)width + (size_t)x) * 3,
                   sample(view, x, y, width, height) > view->threshold ? 255 : 0, 3);
    return DN_OK;
}
