/* Pictures within the page: small JPEGs in frames that enlarge them. */
#include "base/memory.h"
#include "image/encode/encode.h"
#include "image/encode/outline.h"
#include "report/html/html.h"

enum { SIDE = 448, QUALITY = 80 };

static void append_base64(dn_text *page, const uint8_t *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0u);
        const char text[4] = {digits[group >> 18], digits[group >> 12 & 63],
                              left > 1 ? digits[group >> 6 & 63] : '=',
                              left > 2 ? digits[group & 63] : '='};
        dn_text_append_bytes(page, text, 4);
    }
}

/* Small pictures keep their size. */
dn_status dn_html_shrink(const dn_image *image, dn_image *small, dn_error *error) {
    int longer = image->width > image->height ? image->width : image->height;
    int side = longer < SIDE ? longer : SIDE;
    int width = (int)((int64_t)image->width * side / longer);
    int height = (int)((int64_t)image->height * side / longer);
    return dn_image_resize(image, width > 0 ? width : 1, height > 0 ? height : 1, small, error);
}

static uint8_t brightest_of(const dn_image *image) {
    uint8_t brightest = 0;
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height * 3; i++)
        brightest = image->pixels[i] > brightest ? image->pixels[i] : brightest;
    return brightest;
}

/* As pixel metrics read a mask: what is brighter than half of its brightest pixel. */
static void fill_inside(const dn_image *mask, const dn_image *picture, uint8_t *inside) {
    int half = brightest_of(mask) / 2;
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            size_t from_x = (size_t)((2 * x + 1) * (int64_t)mask->width / (2 * picture->width));
            size_t from_y = (size_t)((2 * y + 1) * (int64_t)mask->height / (2 * picture->height));
            const uint8_t *pixel = mask->pixels + (from_y * (size_t)mask->width + from_x) * 3;
            inside[(size_t)y * (size_t)picture->width + (size_t)x] =
                pixel[0] > half || pixel[1] > half || pixel[2] > half;
        }
}

dn_status dn_html_outline_mask(const char *path, dn_image *picture, dn_error *error) {
    dn_image mask = {0};
    void *inside = NULL;
    DN_TRY(dn_image_read(path, NULL, &mask, error));
    dn_status status =
        dn_allocate(&inside, (size_t)picture->width * (size_t)picture->height, 1, error);
    if (status == DN_OK) {
        fill_inside(&mask, picture, inside);
        dn_outline_draw(picture, inside);
    }
    dn_release(inside);
    dn_image_free(&mask);
    return status;
}

static dn_status embed(dn_text *page, const dn_image *image, const char *name, dn_error *error) {
    uint8_t *jpeg = NULL;
    size_t size;
    DN_TRY(dn_image_encode_jpeg(image, QUALITY, &jpeg, &size, error));
    dn_text_append(page,
                   "<button type=\"button\" class=\"picture\"><img width=\"%d\" height=\"%d\" "
                   "alt=\"",
                   image->width, image->height);
    dn_html_escape(page, name);
    dn_text_append(page, "\" src=\"data:image/jpeg;base64,");
    append_base64(page, jpeg, size);
    dn_text_append(page, "\"></button>");
    dn_release(jpeg);
    return DN_OK;
}

static dn_status shrink_and_embed(dn_text *page, const dn_image *image, const char *name) {
    dn_image small = {0};
    DN_TRY(dn_html_shrink(image, &small, NULL));
    dn_status status = embed(page, &small, name, NULL);
    dn_image_free(&small);
    return status;
}

/* After a failed allocation there is no page at all. */
void dn_html_picture(dn_text *page, dn_status status, const dn_image *image, const char *name) {
    dn_text_append(page, "<div class=\"frame\">");
    if (status == DN_OK)
        status = shrink_and_embed(page, image, name);
    if (status == DN_ERROR_MEMORY)
        page->failed = 1;
    else if (status != DN_OK)
        dn_text_append(page, "<span class=\"picture\">can no longer be read</span>");
    dn_text_append(page, "<span class=\"soft\">");
    dn_html_escape(page, name);
    dn_text_append(page, "</span></div>");
}
