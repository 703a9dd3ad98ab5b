/* Pictures of defects found, for review and missed, and of good parts rejected, each with its map
 * and its ground truth. */
#include "base/file.h"
#include "base/memory.h"
#include "image/encode/colours.h"
#include "report/html/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 6, FOR_REVIEW = 4, NEAREST = 4 }; /* a map takes as long as some scores */

/* ---- One picture ----------------------------------------------------------------------------- */

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

/* A verdict may come from the picture as a whole. */
static void append_regions(dn_text *page, const dn_report_localization *found, int fails) {
    size_t count = found->region_count;
    if (!found->knows_regions)
        return;
    if (count == 0) {
        dn_text_append(page, fails ? "<br>no single place: the picture as a whole is unusual"
                                   : "<br>no region above the level of good parts");
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

/* A REVIEW that the score does not explain. */
static const char *words_of(const char *reason) {
    if (reason && strcmp(reason, "unlike_training") == 0)
        return ", a picture unlike those of training";
    if (reason && strcmp(reason, "below_all_good") == 0)
        return ", below all good parts";
    return "";
}

static void append_caption(dn_text *page, const dn_report *report, const dn_report_sample *sample,
                           const dn_report_localization *found) {
    const char *verdict = dn_html_verdict(report, sample);
    dn_text_append(page, "<figcaption>");
    if (verdict)
        dn_text_append(page, "<span class=\"verdict %s\">%s</span> ", verdict, verdict);
    dn_text_append(page, "score <b>");
    dn_html_score(page, sample->raw_score);
    dn_text_append(page, "</b>%s<br><span title=\"", words_of(sample->reason));
    dn_html_escape(page, sample->image_path);
    dn_text_append(page, "\">");
    if (sample->gt_label && sample->defect) {
        append_breakable(page, sample->defect);
        dn_text_append(page, ", ");
    }
    append_breakable(page, dn_path_name(sample->image_path));
    dn_text_append(page, "</span>");
    append_regions(page, found, verdict && strcmp(verdict, "FAIL") == 0);
    dn_text_append(page, "</figcaption>");
}

static void move_text(dn_text *page, dn_text *piece) {
    page->failed |= piece->failed;
    dn_text_append_bytes(page, piece->data, piece->length);
    dn_text_destroy(piece);
}

static void append_truth(dn_text *page, const dn_report_sample *sample, const dn_image *picture) {
    dn_image small = {0};
    if (!sample->mask_path || !picture->pixels)
        return;
    dn_status status = dn_html_shrink(picture, &small, NULL);
    if (status == DN_OK)
        status = dn_html_outline_mask(sample->mask_path, &small, NULL);
    dn_html_picture(page, status, &small, "marked by a person");
    dn_image_free(&small);
}

/* What is shown of the picture itself is made before the map, which may take the picture. */
static void append_pictures(dn_text *page, const dn_report *report, const dn_report_sample *sample,
                            dn_report_localization *found) {
    dn_image image = {0};
    dn_text truth = {0};
    dn_status status = dn_image_read(sample->image_path, NULL, &image, NULL);
    dn_text_append(page, "<div class=\"pictures\">");
    dn_html_picture(page, status, &image, "picture");
    append_truth(&truth, sample, &image);
    if (status != DN_OK || !report->localize ||
        !report->localize(report->localizer, sample, &image, found))
        *found = (dn_report_localization){0};
    else
        dn_html_picture(page, DN_OK, &found->overlay, "map over it");
    move_text(page, &truth);
    dn_text_append(page, "</div>");
    dn_image_free(&image);
}

static void append_item(dn_text *page, const dn_report *report, const dn_report_sample *sample) {
    dn_report_localization found = {0};
    dn_text_append(page, "<li><figure>");
    append_pictures(page, report, sample, &found);
    append_caption(page, report, sample, &found);
    dn_text_append(page, "</figure></li>\n");
    dn_image_free(&found.overlay);
}

/* ---- Which pictures -------------------------------------------------------------------------- */

static int by_rising_score(const void *left, const void *right) {
    const dn_report_sample *a = *(const dn_report_sample *const *)left,
                           *b = *(const dn_report_sample *const *)right;
    if (a->raw_score != b->raw_score)
        return a->raw_score < b->raw_score ? -1 : 1;
    return a < b ? -1 : a > b; /* stable */
}

/* The samples of a label with a verdict ("": any) by rising score; returns their number. */
static size_t select_samples(const dn_report *report, int label, const char *verdict,
                             const dn_report_sample **selected) {
    size_t count = 0;
    for (size_t i = 0; i < report->sample_count; i++) {
        const dn_report_sample *sample = &report->samples[i];
        if (!dn_sample_counts(sample) || (sample->gt_label != 0) != label)
            continue;
        const char *own = dn_html_verdict(report, sample);
        if (!*verdict || (own && strcmp(own, verdict) == 0))
            selected[count++] = sample;
    }
    if (count > 0)
        qsort((void *)selected, count, sizeof *selected, by_rising_score);
    return count;
}

typedef enum order { HIGHEST, LOWEST, SPREAD } order;

typedef struct gallery {
    int label;
    const char *verdict, *title;
    size_t most;
    order order;
    const char *note;
} gallery;

static size_t place_of(const gallery *self, size_t count, size_t shown, size_t i) {
    if (self->order == LOWEST)
        return i;
    if (self->order == HIGHEST || shown < 2)
        return count - 1 - i;
    return (count - 1) - i * (count - 1) / (shown - 1);
}

/* Returns the number of parts that belong to it. */
static size_t append_gallery(dn_text *page, const dn_report *report, const gallery *self,
                             const dn_report_sample **selected) {
    size_t count = select_samples(report, self->label, self->verdict, selected);
    size_t shown = count < self->most ? count : self->most;
    if (count == 0)
        return 0;
    dn_text_append(page, "<h3>%s: %zu", self->title, count);
    if (shown < count)
        dn_text_append(page, "<span class=\"shown\">; %zu shown, %s</span>", shown, self->note);
    dn_text_append(page, "</h3>\n<ul class=\"gallery\">\n");
    for (size_t i = 0; i < shown; i++)
        append_item(page, report, selected[place_of(self, count, shown, i)]);
    dn_text_append(page, "</ul>\n");
    return count;
}

static const gallery found_defects = {1,    "FAIL", "Defective parts rejected",
                                      MOST, SPREAD, "from the highest to the lowest score"};
static const gallery reviewed_defects = {1,          "REVIEW", "Defective parts sent to review",
                                         FOR_REVIEW, LOWEST,   "the lowest scores"};
static const gallery missed_defects = {1,    "PASS", "Defective parts missed",
                                       MOST, LOWEST, "the lowest scores"};
static const gallery rejected_good = {0,    "FAIL",  "Good parts rejected",
                                      MOST, HIGHEST, "the highest scores"};
static const gallery nearest_good = {0,       "",      "Good parts, all",
                                     NEAREST, HIGHEST, "the highest scores"};
static const gallery lowest_defects = {1,    "",     "Defective parts, all",
                                       MOST, LOWEST, "the lowest scores"};

/* The scale of the map's colours. */
static void append_legend(dn_text *page) {
    enum { STEPS = 8 };
    dn_text_append(page,
                   "<p class=\"legend soft\"><span>map: like good parts <span class=\"scale\" "
                   "style=\"background:linear-gradient(90deg");
    for (int i = 0; i <= STEPS; i++) {
        uint8_t rgb[3];
        dn_colour_of((double)i / STEPS, rgb);
        dn_text_append(page, ",rgb(%d,%d,%d)", rgb[0], rgb[1], rgb[2]);
    }
    dn_text_append(page, ")\"></span> unlike them</span> <span>white line: around each defect that "
                         "the model sees, or that a person marked</span></p>\n");
}

static void append_galleries(dn_text *page, const dn_report *report,
                             const dn_report_sample **selected) {
    const dn_metrics *metrics = report->metrics;
    if (!isfinite(metrics->decision.threshold)) {
        append_gallery(page, report, &lowest_defects, selected);
        append_gallery(page, report, &nearest_good, selected);
        return;
    }
    append_gallery(page, report, &found_defects, selected);
    append_gallery(page, report, &reviewed_defects, selected);
    if (append_gallery(page, report, &missed_defects, selected) == 0 && metrics->defect_count > 0)
        dn_text_append(page, "<h3>Defective parts missed: none</h3>\n");
    if (append_gallery(page, report, &rejected_good, selected) == 0 && metrics->good_count > 0) {
        dn_text_append(page, "<h3>Good parts rejected: none</h3>\n");
        append_gallery(page, report, &nearest_good, selected);
    }
}

void dn_html_gallery(dn_text *page, const dn_report *report) {
    void *selected;
    if (report->metrics->good_count + report->metrics->defect_count == 0)
        return;
    if (dn_allocate(&selected, report->sample_count, sizeof(dn_report_sample *), NULL) != DN_OK) {
        page->failed = 1;
        return;
    }
    dn_text_append(page,
                   "<section class=\"shows\">\n<h2>What was found and what was missed</h2>\n");
    append_legend(page);
    append_galleries(page, report, selected);
    dn_text_append(page, "</section>\n");
    dn_release(selected);
}
