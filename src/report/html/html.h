/* The parts of report.html. Each appends its piece of the page; what the report lacks is said in
 * words, never shown as an empty chart. Failed allocations are remembered by the text. */
#ifndef DN_REPORT_HTML_HTML_H
#define DN_REPORT_HTML_HTML_H

#include "base/text.h"
#include "report/report.h"

/* Text as content or inside a quoted attribute: markup is escaped, bytes that are no UTF-8 and
 * control characters become U+FFFD. */
void dn_html_escape(dn_text *text, const char *bytes);

/* Numbers for people and for SVG, the same in every locale. NaN is a dash. */
void dn_html_fixed(dn_text *text, double value, int decimals);
void dn_html_score(dn_text *text, double score);   /* five significant digits */
void dn_html_exact(dn_text *text, double value);   /* the same number back when it is read */
void dn_html_percent(dn_text *text, double share); /* "1.5 %" */

/* The axis of the scores: logarithmic where they span more than a decade. */
typedef struct dn_score_axis {
    double low, high;
    int logarithmic;
} dn_score_axis;

dn_score_axis dn_score_axis_of(const dn_report *report);
double dn_score_share(const dn_score_axis *axis, double score); /* 0 to 1, clamped */

/* "PASS", "REVIEW" or "FAIL" by the report's thresholds; NULL where it has none. */
const char *dn_html_verdict(const dn_report *report, double score);

/* Whether a sample counts: it has a score and a label. */
static inline int dn_sample_counts(const dn_report_sample *sample) {
    return !sample->error && sample->gt_label >= 0;
}

/* Round values for an axis's ticks from low to high, at most `limit`; returns how many. */
int dn_html_ticks(double low, double high, int limit, double *ticks);

void dn_html_headline(dn_text *page, const dn_report *report);
void dn_html_scores(dn_text *page, const dn_report *report);
void dn_html_curves(dn_text *page, const dn_report *report);
void dn_html_defects(dn_text *page, const dn_report *report);
void dn_html_gallery(dn_text *page, const dn_report *report);
void dn_html_training(dn_text *page, const dn_report *report);
void dn_html_facts(dn_text *page, const dn_report *report);

/* src/report/html/report.css and report.js, embedded at build time. */
extern const char dn_report_css[], dn_report_js[];

#endif
