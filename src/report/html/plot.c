#include "report/html/plot.h"

#include "report/html/html.h"

#include <math.h>

enum { RIGHT_SPACE = 14, BOTTOM_SPACE = 42, TICKS = 6 };

static const int RIGHT = DN_PLOT_LEFT + DN_PLOT_WIDTH, BOTTOM = DN_PLOT_TOP + DN_PLOT_HEIGHT;

static double place_x(const dn_plot *plot, double x) {
    return DN_PLOT_LEFT + DN_PLOT_WIDTH * (x - plot->x_low) / (plot->x_high - plot->x_low);
}

static double place_y(const dn_plot *plot, double y) {
    return BOTTOM - DN_PLOT_HEIGHT * (y - plot->y_low) / (plot->y_high - plot->y_low);
}

/* 40000000 would not fit beside the axis: 4e7. */
static void append_tick(dn_text *page, double value) {
    if (fabs(value) < 1e5) {
        dn_html_score(page, value);
        return;
    }
    int power = (int)floor(log10(fabs(value)));
    dn_html_score(page, value / pow(10, power));
    dn_text_append(page, "e%d", power);
}

static void append_x_ticks(dn_text *page, const dn_plot *plot) {
    double ticks[TICKS];
    int count = dn_html_ticks(plot->x_low, plot->x_high, TICKS, ticks);
    for (int i = 0; i < count; i++) {
        dn_text_append(page, "<path class=\"grid\" d=\"M");
        dn_html_fixed(page, place_x(plot, ticks[i]), 1);
        dn_text_append(page, " %dV%d\"/><text text-anchor=\"middle\" y=\"%d\" x=\"", DN_PLOT_TOP,
                       BOTTOM, BOTTOM + 16);
        dn_html_fixed(page, place_x(plot, ticks[i]), 1);
        dn_text_append(page, "\">");
        append_tick(page, ticks[i]);
        dn_text_append(page, "</text>\n");
    }
}

static void append_y_ticks(dn_text *page, const dn_plot *plot) {
    double ticks[TICKS];
    int count = dn_html_ticks(plot->y_low, plot->y_high, TICKS, ticks);
    for (int i = 0; i < count; i++) {
        dn_text_append(page, "<path class=\"grid\" d=\"M%d ", DN_PLOT_LEFT);
        dn_html_fixed(page, place_y(plot, ticks[i]), 1);
        dn_text_append(page, "H%d\"/><text text-anchor=\"end\" x=\"%d\" y=\"", RIGHT,
                       DN_PLOT_LEFT - 6);
        dn_html_fixed(page, place_y(plot, ticks[i]) + 4, 1);
        dn_text_append(page, "\">");
        append_tick(page, ticks[i]);
        dn_text_append(page, "</text>\n");
    }
}

void dn_plot_begin(dn_text *page, const dn_plot *plot) {
    dn_text_append(page, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                   RIGHT + RIGHT_SPACE, BOTTOM + BOTTOM_SPACE);
    dn_html_escape(page, plot->label);
    dn_text_append(page, "\">\n");
    append_x_ticks(page, plot);
    append_y_ticks(page, plot);
    dn_text_append(page, "<text text-anchor=\"middle\" x=\"%d\" y=\"%d\">",
                   DN_PLOT_LEFT + DN_PLOT_WIDTH / 2, BOTTOM + 36);
    dn_html_escape(page, plot->x_label);
    dn_text_append(page,
                   "</text><text text-anchor=\"middle\" transform=\"translate(11 %d) "
                   "rotate(-90)\">",
                   DN_PLOT_TOP + DN_PLOT_HEIGHT / 2);
    dn_html_escape(page, plot->y_label);
    dn_text_append(page, "</text>\n");
}

void dn_plot_end(dn_text *page) {
    dn_text_append(page, "</svg>\n");
}

dn_plot_curve dn_plot_curve_begin(dn_text *page, const dn_plot *plot, const char *style) {
    dn_text_append(page, "<path class=\"%s\" d=\"", style);
    return (dn_plot_curve){.page = page, .plot = plot};
}

static void draw(dn_plot_curve *curve) {
    dn_text_append(curve->page, "%s", curve->started ? "L" : "M");
    dn_html_fixed(curve->page, curve->x, 1);
    dn_text_append(curve->page, " ");
    dn_html_fixed(curve->page, curve->y, 1);
    curve->started = 1;
    curve->pending = 0;
    curve->last_x = curve->x;
    curve->last_y = curve->y;
}

void dn_plot_curve_to(dn_plot_curve *curve, double x, double y) {
    if (!isfinite(x) || !isfinite(y))
        return;
    curve->x = place_x(curve->plot, x);
    curve->y = place_y(curve->plot, y);
    curve->pending = 1;
    if (!curve->started || hypot(curve->x - curve->last_x, curve->y - curve->last_y) >= 0.34)
        draw(curve);
}

void dn_plot_curve_end(dn_plot_curve *curve) {
    if (curve->pending)
        draw(curve);
    dn_text_append(curve->page, "\"/>\n");
}

void dn_plot_point(dn_text *page, const dn_plot *plot, const char *style, const char *id, double x,
                   double y, int radius) {
    if (!isfinite(x) || !isfinite(y))
        return;
    dn_text_append(page, "<circle class=\"%s\" r=\"%d\" cx=\"", style, radius);
    dn_html_fixed(page, place_x(plot, x), 1);
    dn_text_append(page, "\" cy=\"");
    dn_html_fixed(page, place_y(plot, y), 1);
    if (id)
        dn_text_append(page,
                       "\" id=\"%s\" data-left=\"%d\" data-width=\"%d\" data-bottom=\"%d\" "
                       "data-height=\"%d",
                       id, DN_PLOT_LEFT, DN_PLOT_WIDTH, BOTTOM, DN_PLOT_HEIGHT);
    dn_text_append(page, "\"/>\n");
}
