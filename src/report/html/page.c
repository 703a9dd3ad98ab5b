#include "base/file.h"
#include "report/html/html.h"

#include <string.h>

/* The page can reach no address on the network, whatever a file name contains. */
static const char *const HEAD =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n";

static void append_page(dn_text *page, const char *text) {
    dn_text_append_bytes(page, text, strlen(text));
}

static const char *heading_of(const dn_report *report) {
    return report->heading && *report->heading ? report->heading : report->title;
}

static void open_page(dn_text *page, const dn_report *report) {
    append_page(page, HEAD);
    const char *heading = heading_of(report);
    append_page(page, "<title>");
    dn_html_escape(page, heading);
    append_page(page, ": DifferNet report</title>\n<style>\n");
    append_page(page, dn_report_css);
    append_page(page,
                "</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"soft\">DifferNet report"
                "</p>\n<h1>");
    dn_html_escape(page, heading);
    append_page(page, "</h1>\n");
}

static void close_page(dn_text *page) {
    append_page(page, "<dialog id=\"large\" aria-label=\"enlarged pictures\"></dialog>\n"
                      "<footer>Made by differnet ");
    dn_html_escape(page, dn_version());
    append_page(page, ". This page is one file and reads nothing else. The same numbers are in "
                      "metrics.json, scores.csv and roc.csv.</footer>\n</main>\n<script>\n");
    append_page(page, dn_report_js);
    append_page(page, "</script>\n</body>\n</html>\n");
}

dn_status dn_report_html(const char *path, const dn_report *report, dn_error *error) {
    dn_text page = {0};
    char *taken;
    open_page(&page, report);
    dn_html_headline(&page, report);
    dn_html_gallery(&page, report);
    dn_html_verdicts(&page, report);
    dn_html_scores(&page, report);
    dn_html_thresholds(&page, report);
    dn_html_statistics(&page, report);
    dn_html_curves(&page, report);
    dn_html_training(&page, report);
    dn_html_origin(&page, report);
    close_page(&page);
    DN_TRY(dn_text_take(&page, &taken, error));
    dn_status status = dn_file_write(path, taken, strlen(taken), error);
    dn_text_free(taken);
    return status;
}
