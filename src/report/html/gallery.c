/* Thumbnails of the good parts with the highest and the defective parts with the lowest scores. */
#include "base/file.h"
#include "base/memory.h"
#include "image/encode/encode.h"
#include "report/html/html.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6, SIDE = 320, QUALITY = 80 }; /* a map takes seconds */

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

/* A copy that fits into SIDE x SIDE; small ones keep their size. */
static dn_status shrink(const dn_image *image, dn_image *small, dn_error *error) {
    int longer = image->width > image->height ? image->width : image->height;
    int side = longer < SIDE ? longer : SIDE;
    int width = (int)((int64_t)image->width * side / longer);
    int height = (int)((int64_t)image->height * side / longer);
    return dn_image_resize(image, width > 0 ? width : 1, height > 0 ? height : 1, small, error);
}

static dn_status embed(dn_text *page, const dn_image *image, const char *alternative,
                       dn_error *error) {
    dn_image small = {0};
    uint8_t *jpeg = NULL;
    size_t size;
    DN_TRY(shrink(image, &small, error));
    dn_status status = dn_image_encode_jpeg(&small, QUALITY, &jpeg, &size, error);
    if (status == DN_OK) {
        dn_text_append(page,
                       "<img width=\"%d\" height=\"%d\" alt=\"%s\" "
                       "src=\"data:image/jpeg;base64,",
                       small.width, small.height, alternative);
        append_base64(page, jpeg, size);
        dn_text_append(page, "\">");
    }
    dn_release(jpeg);
    dn_image_free(&small);
    return status;
}

/* Text in place of a picture; after a failed allocation there is no page at all. */
static void append_instead(dn_text *page, dn_status status, const char *words) {
    if (status == DN_ERROR_MEMORY)
        page->failed = 1;
    else if (status != DN_OK)
        dn_text_append(page, "%s", words);
}

static void append_picture(dn_text *page, dn_status status, const dn_image *image) {
    dn_text_append(page, "<span class=\"picture\">");
    if (status == DN_OK)
        status = embed(page, image, "", NULL);
    append_instead(page, status, "can no longer be read");
    dn_text_append(page, "</span>");
}

static void append_overlay(dn_text *page, const dn_image *overlay) {
    dn_text_append(page, "<span class=\"picture\">");
    append_instead(page, embed(page, overlay, "where the score comes from", NULL), "no map");
    dn_text_append(page, "</span>");
}

/* A multiple of the threshold; large values need no decimals. */
static void append_region(dn_text *page, const dn_region *region) {
    dn_text_append(page, "<li>%d × %d pixels at %d, %d: ", region->width, region->height, region->x,
                   region->y);
    if (region->score < 1000)
        dn_html_fixed(page, region->score, 1);
    else
        dn_text_append(page, "over 1000");
    dn_text_append(page, " ×</li>");
}

static void append_regions(dn_text *page, const dn_report_localization *found) {
    size_t count = found->region_count;
    if (!found->knows_regions)
        return;
    if (count == 0) {
        dn_text_append(page, "<br>no region above the level of good parts");
        return;
    }
    dn_text_append(page, "<br>%zu region%s above the level of good parts%s<ol>", count,
                   count == 1 ? "" : "s", count > DN_REPORT_REGIONS ? ", the strongest:" : ":");
    for (size_t i = 0; i < count && i < DN_REPORT_REGIONS; i++)
        append_region(page, &found->regions[i]);
    dn_text_append(page, "</ol>");
}

/* Long names may be broken after these characters. */
static void append_breakable(dn_text *page, const char *name) {
    for (size_t length; *name; name += length) {
        char piece[256];
        length = strcspn(name, "_-.");
        length += name[length] != '\0';
        if (length >= sizeof piece)
            length = sizeof piece - 1;
        memcpy(piece, name, length);
        piece[length] = '\0';
        dn_html_escape(page, piece);
        dn_text_append(page, "%s", name[length] ? "<wbr>" : "");
    }
}

static void append_caption(dn_text *page, const dn_report *report, const dn_report_sample *sample,
                           const dn_report_localization *found) {
    const char *verdict = dn_html_verdict(report, sample->raw_score);
    dn_text_append(page, "<figcaption><b>");
    dn_html_score(page, sample->raw_score);
    dn_text_append(page, "</b>");
    if (verdict)
        dn_text_append(page, " <span class=\"verdict %s\">%s</span>", verdict, verdict);
    dn_text_append(page, "<br><span title=\"");
    dn_html_escape(page, sample->image_path);
    dn_text_append(page, "\">");
    if (sample->gt_label && sample->defect) {
        append_breakable(page, sample->defect);
        dn_text_append(page, "<br>");
    }
    append_breakable(page, dn_path_name(sample->image_path));
    dn_text_append(page, "</span>");
    append_regions(page, found);
    dn_text_append(page, "</figcaption>");
}

static void move_text(dn_text *page, dn_text *piece) {
    page->failed |= piece->failed;
    dn_text_append_bytes(page, piece->data, piece->length);
    dn_text_destroy(piece);
}

/* The picture's piece of the page comes before the map, which may take the picture. */
static void append_pictures(dn_text *page, const dn_report *report, const char *path,
                            dn_report_localization *found) {
    dn_image image = {0};
    dn_text piece = {0};
    dn_status status = dn_image_read(path, NULL, &image, NULL);
    append_picture(&piece, status, &image);
    int localized =
        status == DN_OK && report->localize && report->localize(report->localizer, &image, found);
    if (!localized)
        *found = (dn_report_localization){0};
    dn_text_append(page, "<li%s><figure><div class=\"pictures\">",
                   localized ? " class=\"marked\"" : "");
    move_text(page, &piece);
    if (localized)
        append_overlay(page, &found->overlay);
    dn_text_append(page, "</div>");
    dn_image_free(&image);
}

/* With its map beside it, if there is one. */
static void append_item(dn_text *page, const dn_report *report, const dn_report_sample *sample) {
    dn_report_localization found = {0};
    append_pictures(page, report, sample->image_path, &found);
    append_caption(page, report, sample, &found);
    dn_text_append(page, "</figure></li>\n");
    dn_image_free(&found.overlay);
}

static int by_rising_score(const void *left, const void *right) {
    const dn_report_sample *a = *(const dn_report_sample *const *)left,
                           *b = *(const dn_report_sample *const *)right;
    if (a->raw_score != b->raw_score)
        return a->raw_score < b->raw_score ? -1 : 1;
    return a < b ? -1 : a > b; /* stable */
}

/* The samples of a label by increasing score; returns their number. */
static size_t sort(const dn_report *report, int label, const dn_report_sample **sorted) {
    size_t count = 0;
    for (size_t i = 0; i < report->sample_count; i++)
        if (dn_sample_counts(&report->samples[i]) && (report->samples[i].gt_label != 0) == label)
            sorted[count++] = &report->samples[i];
    if (count > 0)
        qsort((void *)sorted, count, sizeof *sorted, by_rising_score);
    return count;
}

static void append_list(dn_text *page, const dn_report *report, int label,
                        const dn_report_sample **sorted) {
    size_t count = sort(report, label, sorted), shown = count < SHOWN ? count : SHOWN;
    if (count == 0)
        return;
    dn_text_append(page, "<h3>%s</h3>\n<ul class=\"gallery\">\n",
                   label ? "Defective parts with the lowest scores"
                         : "Good parts with the highest scores");
    for (size_t i = 0; i < shown; i++)
        append_item(page, report, sorted[label ? i : count - 1 - i]);
    dn_text_append(page, "</ul>\n");
}

void dn_html_gallery(dn_text *page, const dn_report *report) {
    void *sorted;
    if (report->metrics->good_count + report->metrics->defect_count == 0)
        return;
    if (dn_allocate(&sorted, report->sample_count, sizeof(dn_report_sample *), NULL) != DN_OK) {
        page->failed = 1;
        return;
    }
    dn_text_append(page, "<section>\n<h2>The hardest images</h2>\n<p class=\"soft\">The mistakes, "
                         "if there are any, and what comes nearest to them: worth a look for wrong "
                         "labels, dirt and bad light.</p>\n");
    append_list(page, report, 1, sorted);
    append_list(page, report, 0, sorted);
    dn_text_append(page, "</section>\n");
    dn_release(sorted);
}
