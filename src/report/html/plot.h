/* A small chart as inline SVG: frame, ticks, curves and points in data coordinates. */
#ifndef DN_REPORT_HTML_PLOT_H
#define DN_REPORT_HTML_PLOT_H

#include "base/text.h"

typedef struct dn_plot {
    double x_low, x_high, y_low, y_high;
    const char *label; /* description for screen readers */
    const char *x_label, *y_label;
} dn_plot;

/* The data area within the picture. */
enum { DN_PLOT_LEFT = 46, DN_PLOT_TOP = 10, DN_PLOT_WIDTH = 280, DN_PLOT_HEIGHT = 230 };

void dn_plot_begin(dn_text *page, const dn_plot *plot);
void dn_plot_end(dn_text *page);

/* A curve of the class `style`: begin, points in order, end. Leaves out points less than a third of
 * a pixel from the last one drawn, except the last point. */
typedef struct dn_plot_curve {
    dn_text *page;
    const dn_plot *plot;
    double x, y, last_x, last_y;
    int started, pending;
} dn_plot_curve;

dn_plot_curve dn_plot_curve_begin(dn_text *page, const dn_plot *plot, const char *style);
void dn_plot_curve_to(dn_plot_curve *curve, double x, double y);
void dn_plot_curve_end(dn_plot_curve *curve);

/* A circle; `id` (may be NULL) lets the script move it. */
void dn_plot_point(dn_text *page, const dn_plot *plot, const char *style, const char *id, double x,
                   double y, int radius);

#endif
