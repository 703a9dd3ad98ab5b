#include "image/encode/strip.h"

#include "image/encode/colours.h"
#include "image/encode/letters.h"

#include <string.h>

/* In letters' pixels, before they are enlarged. */
enum { ADVANCE = DN_LETTER_WIDTH + 1, LINE = DN_LETTER_HEIGHT + 4, MARGIN = 3, BAR = 8 * ADVANCE };

/* Large pictures have large letters. */
static int scale_of(int width) {
    return width > 640 ? width / 320 : 1;
}

static int columns_of(int width) {
    int columns = (width / scale_of(width) - 2 * MARGIN) / ADVANCE;
    return columns > 1 ? columns : 1;
}

/* Where the next line of `text` ends: at a blank if there is one, else where it is full. */
static size_t line_end(const char *text, size_t columns) {
    size_t length = strlen(text), end = 0;
    if (length <= columns)
        return length;
    for (size_t i = 0; i <= columns; i++)
        if (text[i] == ' ')
            end = i;
    return end > 0 ? end : columns;
}

static const char *next_line(const char *text, size_t end) {
    text += end;
    return text + strspn(text, " ");
}

static int count_lines(const char *text, int columns) {
    int lines = 0;
    for (; *text; lines++)
        text = next_line(text, line_end(text, (size_t)columns));
    return lines;
}

/* The bar is as wide as 8 letters and stands before the legend, in narrow pictures above it: beside
 * it, the legend would have a word a line. The narrowest have none. */
static int bar_columns(int columns) {
    return columns > 40 ? BAR / ADVANCE + 1 : 0;
}

static int bar_lines(int columns) {
    return columns >= BAR / ADVANCE && bar_columns(columns) == 0;
}

int dn_strip_height(const dn_strip *strip, int width) {
    int columns = columns_of(width), lines = count_lines(strip->text, columns);
    if (strip->legend)
        lines += bar_lines(columns) + count_lines(strip->legend, columns - bar_columns(columns));
    return scale_of(width) * (lines * LINE + 2 * MARGIN);
}

static void fill(dn_image *picture, int x, int y, int side, const uint8_t rgb[3]) {
    for (int dy = 0; dy < side; dy++)
        for (int dx = 0; dx < side; dx++)
            if (x + dx < picture->width && y + dy < picture->height)
                memcpy(picture->pixels +
                           ((size_t)(y + dy) * (size_t)picture->width + (size_t)(x + dx)) * 3,
                       rgb, 3);
}

static void draw_letter(dn_image *picture, int left, int top, int scale, char character) {
    static const uint8_t white[3] = {255, 255, 255};
    for (int y = 0; y < DN_LETTER_HEIGHT; y++)
        for (int x = 0; x < DN_LETTER_WIDTH; x++)
            if (dn_letter_pixel(character, x, y))
                fill(picture, left + x * scale, top + y * scale, scale, white);
}

/* Returns the row below. */
static int draw_lines(dn_image *picture, int left, int top, int columns, const char *text) {
    int scale = scale_of(picture->width);
    while (*text) {
        size_t end = line_end(text, (size_t)columns);
        for (size_t i = 0; i < end; i++)
            draw_letter(picture, left + (int)i * ADVANCE * scale, top, scale, text[i]);
        text = next_line(text, end);
        top += LINE * scale;
    }
    return top;
}

static void draw_bar(dn_image *picture, int left, int top) {
    int scale = scale_of(picture->width);
    for (int x = 0; x < BAR; x++) {
        uint8_t rgb[3];
        dn_colour_of(x / (BAR - 1.0), rgb);
        for (int y = 0; y < DN_LETTER_HEIGHT; y++)
            fill(picture, left + x * scale, top + y * scale, scale, rgb);
    }
}

void dn_strip_draw(const dn_strip *strip, dn_image *picture, int top) {
    int width = picture->width, scale = scale_of(width), columns = columns_of(width);
    int left = MARGIN * scale, bar = bar_columns(columns);
    memset(picture->pixels + (size_t)top * (size_t)width * 3, 0,
           (size_t)(picture->height - top) * (size_t)width * 3);
    int next = draw_lines(picture, left, top + left, columns, strip->text);
    if (!strip->legend)
        return;
    if (bar > 0 || bar_lines(columns))
        draw_bar(picture, left, next);
    next += bar_lines(columns) * LINE * scale;
    draw_lines(picture, left + bar * ADVANCE * scale, next, columns - bar, strip->legend);
}
