#include "image/encode/colours.h"

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

dn_status dn_map_view_draw(const dn_map_view *view, dn_image *image, dn_error *error) {
    uint8_t shades[SHADES][3];
    DN_TRY(dn_image_create(view->width, view->height, image, error));
    fill_shades(shades);
    for (size_t i = 0; i < (size_t)view->width * (size_t)view->height; i++)
        memcpy(image->pixels + 3 * i, shades[shade_of(strength_of(view, view->values[i]))], 3);
    return DN_OK;
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

static int is_above(const dn_map_view *view, int x, int y, const dn_image *image) {
    return x >= 0 && y >= 0 && x < image->width && y < image->height &&
           sample(view, x, y, image->width, image->height) > view->threshold;
}

/* Pixels of the cross around (x, y), `reach` away, that are above the threshold: 0 to 4. */
static int above_around(const dn_map_view *view, int x, int y, int reach, const dn_image *image) {
    return is_above(view, x - reach, y, image) + is_above(view, x + reach, y, image) +
           is_above(view, x, y - reach, image) + is_above(view, x, y + reach, image);
}

static int counts(const dn_map_view *view, int x, int y, const dn_image *image) {
    int column = (2 * x + 1) * view->width / (2 * image->width);
    int row = (2 * y + 1) * view->height / (2 * image->height);
    return !view->inside || view->inside[row * view->width + column];
}

/* What is not looked at, is seen to be so. */
static void darken(dn_image *image, int x, int y) {
    uint8_t *pixel = image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3;
    for (int c = 0; c < 3; c++)
        pixel[c] /= 2;
}

/* `value` is the map's at this pixel. */
static void draw_pixel(const dn_map_view *view, const uint8_t shades[SHADES][3], dn_image *image,
                       int x, int y, float value, int reach) {
    uint8_t *pixel = image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3;
    float strength = strength_of(view, value);
    float opacity = 0.75F * fminf(1, 2 * strength);
    const uint8_t *shade = shades[shade_of(strength)];
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)((1 - opacity) * (float)pixel[c] + opacity * (float)shade[c] + 0.5F);
    /* Far from the threshold there is no line: most pixels need no look around. */
    if (!(value > 0.5F * view->threshold))
        return;
    int around = above_around(view, x, y, reach, image);
    if (value > view->threshold && around < 4)
        memset(pixel, 255, 3);
    else if (value <= view->threshold && around > 0)
        memset(pixel, 0, 3);
}

void dn_map_view_overlay(const dn_map_view *view, dn_image *photograph) {
    uint8_t shades[SHADES][3];
    int side = photograph->width < photograph->height ? photograph->width : photograph->height;
    int reach = side > 400 ? side / 300 + 1 : 1;
    fill_shades(shades);
    for (int y = 0; y < photograph->height; y++)
        for (int x = 0; x < photograph->width; x++)
            if (counts(view, x, y, photograph))
                draw_pixel(view, (const uint8_t(*)[3])shades, photograph, x, y,
                           sample(view, x, y, photograph->width, photograph->height), reach);
            else
                darken(photograph, x, y);
}

dn_status dn_map_view_mask(const dn_map_view *view, int width, int height, dn_image *image,
                           dn_error *error) {
    DN_TRY(dn_image_create(width, height, image, error));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memset(image->pixels + ((size_t)y * (size_t)width + (size_t)x) * 3,
                   is_above(view, x, y, image) ? 255 : 0, 3);
    return DN_OK;
}
