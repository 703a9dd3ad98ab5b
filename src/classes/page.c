/* summary.html */
#include "base/file.h"
#include "classes/summary.h"
#include "report/html/html.h"

#include <math.h>
#include <string.h>

static void put(dn_text *page, const char *text) {
    dn_text_append_bytes(page, text, strlen(text));
}

/* The page can reach no address on the network, whatever a folder is called. */
static void open_page(dn_text *page, const dn_class_summary *summary) {
    put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
    dn_html_escape(page, summary->title);
    put(page, ": DifferNet summary</title>\n<style>\n");
    put(page, dn_report_css);
    put(page, "</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"soft\">DifferNet summary</p>"
              "\n<h1>");
    dn_html_escape(page, summary->title);
    put(page, "</h1>\n");
}

static size_t count_state(const dn_class_summary *summary, dn_class_state state) {
    size_t count = 0;
    for (size_t i = 0; i < summary->count; i++)
        count += summary->rows[i].record.state == state;
    return count;
}

static void say_counts(dn_text *page, const dn_class_summary *summary) {
    dn_text_append(page, "<p class=\"lead\"><b>%zu of %zu</b> classes are trained",
                   count_state(summary, DN_CLASS_DONE), summary->count);
    if (count_state(summary, DN_CLASS_FAILED) > 0)
        dn_text_append(page, ", <b>%zu</b> failed", count_state(summary, DN_CLASS_FAILED));
    put(page, ".</p>\n</header>\n");
}

/* A folder's name as part of an address. */
static void append_address(dn_text *page, const char *name) {
    for (const char *byte = name; *byte; byte++)
        if (strchr("-_.~", *byte) || (*byte >= '0' && *byte <= '9') ||
            ((*byte | 32) >= 'a' && (*byte | 32) <= 'z'))
            dn_text_append(page, "%c", *byte);
        else
            dn_text_append(page, "%%%02X", (unsigned char)*byte);
}

static void append_name(dn_text *page, const dn_class_row *row) {
    const char *label = dn_class_label(row->name);
    put(page, "<tr><th scope=\"row\">");
    if (row->record.state == DN_CLASS_DONE) {
        put(page, "<a href=\"./");
        append_address(page, label);
        dn_text_append(page, "/%s/report.html\">", row->record.results);
    }
    dn_html_escape(page, label);
    put(page, row->record.state == DN_CLASS_DONE ? "</a></th>" : "</th>");
}

static void append_auroc(dn_text *page, const dn_class_record *record) {
    put(page, "<td>");
    dn_html_fixed(page, record->auroc.defined ? record->auroc.value : (double)NAN, 4);
    if (record->auroc.defined && isfinite(record->auroc.low) && isfinite(record->auroc.high)) {
        put(page, "<small>");
        dn_html_fixed(page, record->auroc.low, 4);
        put(page, " to ");
        dn_html_fixed(page, record->auroc.high, 4);
        put(page, "</small>");
    }
    put(page, "</td>");
}

/* Why there is no number. */
static const char *reason_of(const dn_class_record *record) {
    if (record->state == DN_CLASS_FAILED)
        return record->message;
    return record->state == DN_CLASS_DONE && !record->auroc.defined ? record->reason : "";
}

static void append_row(dn_text *page, const dn_class_row *row) {
    const dn_class_record *record = &row->record;
    append_name(page, row);
    append_auroc(page, record);
    dn_text_append(page, "<td>%zu</td><td>%zu</td><td>", record->good, record->defective);
    dn_html_fixed(page, record->seconds, 1);
    dn_text_append(
        page, "</td><td%s>%s", record->state == DN_CLASS_FAILED ? " class=\"wrong\"" : "",
        record->state == DN_CLASS_NONE ? "not trained yet" : dn_class_state_names[record->state]);
    if (reason_of(record)[0]) {
        put(page, "<small>");
        dn_html_escape(page, reason_of(record));
        put(page, "</small>");
    }
    put(page, "</td></tr>\n");
}

static void append_table(dn_text *page, const dn_class_summary *summary) {
    put(page, "<section>\n<h2>Classes</h2>\n<div class=\"wide\"><table>\n<caption>image_AUROC of "
              "the saved model on its test set, with a 95 % interval</caption>\n<thead><tr>"
              "<th scope=\"col\">class</th><th scope=\"col\">image_AUROC</th>"
              "<th scope=\"col\">good</th><th scope=\"col\">defective</th>"
              "<th scope=\"col\">seconds</th><th scope=\"col\">state</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < summary->count; i++)
        append_row(page, &summary->rows[i]);
    put(page, "</tbody></table></div>\n</section>\n");
}

dn_status dn_class_summary_html(const dn_class_summary *summary, const char *path,
                                dn_error *error) {
    dn_text page = {0};
    char *taken;
    open_page(&page, summary);
    say_counts(&page, summary);
    append_table(&page, summary);
    put(&page, "<footer>Made by differnet ");
    dn_html_escape(&page, dn_version());
    put(&page, ". The same numbers are in summary.csv.</footer>\n</main>\n</body>\n</html>\n");
    DN_TRY(dn_text_take(&page, &taken, error));
    dn_status status = dn_file_write(path, taken, strlen(taken), error);
    dn_text_free(taken);
    return status;
}
