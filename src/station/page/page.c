#include "station/page/page.h"

#include <string.h>

extern const char dn_page_index_html[], dn_page_station_css[], dn_page_station_js[],
    dn_page_texts_js[];

static void answer(dn_http_request *request, const char *content_type, const char *text) {
    dn_http_answer_static(request, content_type, text, strlen(text));
}

void dn_page_index(dn_http_request *request) {
    answer(request, "text/html; charset=utf-8", dn_page_index_html);
}

void dn_page_style(dn_http_request *request) {
    answer(request, "text/css; charset=utf-8", dn_page_station_css);
}

void dn_page_script(dn_http_request *request) {
    answer(request, "text/javascript; charset=utf-8", dn_page_station_js);
}

void dn_page_icon(dn_http_request *request) {
    answer(request, "image/svg+xml",
           "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
           "<rect width='16' height='16' rx='3' fill='#0b62a8'/>"
           "<path d='M4 8l3 3 5-6' fill='none' stroke='#fff' stroke-width='2'/></svg>");
}

/* The words of the page; a translation replaces this file alone. */
void dn_page_texts(dn_http_request *request) {
    answer(request, "text/javascript; charset=utf-8", dn_page_texts_js);
}
