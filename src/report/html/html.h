/* The sections of report.html. Each appends its part of the page. Text says what the report lacks,
 * instead of an empty chart. `text` remembers failed allocations. */
#ifndef DN_REPORT_HTML_HTML_H
#define DN_REPORT_HTML_HTML_H

#include "base/text.h"
#include "report/report.h"

/* Text as content or inside a quoted attribute: markup is escaped; control characters and bytes
 * that are not UTF-8 become U+FFFD. */
void dn_html_escape(dn_text *text, const char *bytes);

/* Numbers for people and for SVG, the same in every locale. NaN is a dash. */
void dn_html_fixed(dn_text *text, double value, int decimals);
void dn_html_score(dn_text *text, double score); /* five significant digits */
void dn_html_exact(dn_text *text, double value); /* reads back as the same number */

/* A share of `whole` parts in percent, with as many digits as their number allows: "3 %" of 69,
 * "2.9 %" of 690, "2.92 %" of 6900. dn_html_percent leaves out the sign. */
void dn_html_percent(dn_text *text, double share, size_t whole);
void dn_html_rate(dn_text *text, double share, size_t whole);

/* Verdicts of all parts of a kind. */
size_t dn_html_total(const dn_verdict_counts *counts);

/* A threshold's rule, as a name and as a sentence without a full stop, and where its scores come
 * from: words for people. NULL where there is none. */
const char *dn_html_rule_name(const char *rule);
const char *dn_html_rule_sentence(const char *rule);
const char *dn_html_source(const char *source);

/* The axis of the scores: logarithmic if they span more than a decade. */
typedef struct dn_score_axis {
    double low, high;
    int logarithmic;
} dn_score_axis;

dn_score_axis dn_score_axis_of(const dn_report *report);
double dn_score_share(const dn_score_axis *axis, double score); /* 0 to 1, clamped */

/* "PASS", "REVIEW" or "FAIL": the sample's own verdict or, where it has none, by the report's
 * thresholds; NULL if there are none. */
const char *dn_html_verdict(const dn_report *report, const dn_report_sample *sample);

/* Whether a sample counts: it has a score and a label. */
static inline int dn_sample_counts(const dn_report_sample *sample) {
    return !sample->error && sample->gt_label >= 0;
}

/* At most `limit` round values from low to high, for an axis's ticks; returns their number. */
int dn_html_ticks(double low, double high, int limit, double *ticks);

/* A section that is folded away until somebody opens it. */
void dn_html_fold(dn_text *page, const char *title);
void dn_html_unfold(dn_text *page);

void dn_html_headline(dn_text *page, const dn_report *report);
void dn_html_gallery(dn_text *page, const dn_report *report);
void dn_html_verdicts(dn_text *page, const dn_report *report);
void dn_html_scores(dn_text *page, const dn_report *report);
void dn_html_thresholds(dn_text *page, const dn_report *report);
void dn_html_statistics(dn_text *page, const dn_report *report);
void dn_html_curves(dn_text *page, const dn_report *report);
void dn_html_training(dn_text *page, const dn_report *report);
void dn_html_origin(dn_text *page, const dn_report *report);

/* A picture of the gallery, made small, as a JPEG within the page, in a frame that enlarges it.
 * `name` is what it shows. A failure is told in the picture's place. */
void dn_html_picture(dn_text *page, dn_status status, const dn_image *image, const char *name);

/* A picture at the size at which it is embedded (dn_image_free), and what the mask in a file marks,
 * outlined in it. */
dn_status dn_html_shrink(const dn_image *image, dn_image *small, dn_error *error);
dn_status dn_html_outline_mask(const char *path, dn_image *picture, dn_error *error);

/* src/report/html/report.css and report.js, embedded at build time. */
extern const char dn_report_css[], dn_report_js[];

#endif
