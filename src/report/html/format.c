/* Text and numbers as HTML. */
#include "config/number.h"
#include "report/html/html.h"
#include "report/utf8.h"

#include <math.h>
#include <string.h>

static const char *entity(char character) {
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static int is_control(char character) {
    unsigned char byte = (unsigned char)character;
    return (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f;
}

void dn_html_escape(dn_text *text, const char *bytes) {
    dn_text clean = {0};
    dn_utf8_append(&clean, bytes);
    text->failed |= clean.failed;
    for (const char *next = clean.data; next && *next; next++) {
        const char *name = entity(*next);
        if (name)
            dn_text_append_bytes(text, name, strlen(name));
        else if (is_control(*next))
            dn_text_append_bytes(text, "\xef\xbf\xbd", 3);
        else
            dn_text_append_bytes(text, next, 1);
    }
    dn_text_destroy(&clean);
}

void dn_html_fixed(dn_text *text, double value, int decimals) {
    char number[DN_NUMBER_SIZE];
    if (!isfinite(value)) {
        dn_text_append(text, "\xe2\x80\x93");
        return;
    }
    dn_number_print_fixed(number, value, decimals);
    dn_text_append(text, "%s", number);
}

void dn_html_score(dn_text *text, double score) {
    char number[DN_NUMBER_SIZE];
    if (!isfinite(score)) {
        dn_html_fixed(text, score, 0);
        return;
    }
    dn_number_print_score(number, score);
    dn_text_append(text, "%s", number);
}

void dn_html_exact(dn_text *text, double value) {
    char number[DN_NUMBER_SIZE];
    dn_number_print(number, value);
    dn_text_append(text, "%s", number);
}

void dn_html_percent(dn_text *text, double share, size_t whole) {
    dn_html_fixed(text, 100 * share, whole < 100 ? 0 : whole < 1000 ? 1 : 2);
}

void dn_html_rate(dn_text *text, double share, size_t whole) {
    dn_html_percent(text, share, whole);
    dn_text_append(text, isfinite(share) ? "\xc2\xa0%%" : "");
}

const char *dn_html_verdict(const dn_report *report, const dn_report_sample *sample) {
    const dn_decision *decision = &report->metrics->decision;
    double score = sample->raw_score;
    if (sample->verdict != DN_VERDICT_NONE)
        return dn_verdict_name(sample->verdict);
    if (!isfinite(decision->threshold))
        return NULL;
    if (score > decision->threshold)
        return "FAIL";
    return score > decision->review_threshold ? "REVIEW" : "PASS";
}

/* 1, 2 or 5 times a power of ten, at least `step`. */
static double round_step(double step) {
    double power = pow(10, floor(log10(step)));
    for (int i = 0; i < 3; i++)
        if (step <= (const double[]){1, 2, 5}[i] * power * (1 + 1e-9))
            return (const double[]){1, 2, 5}[i] * power;
    return 10 * power;
}

int dn_html_ticks(double low, double high, int limit, double *ticks) {
    int count = 0;
    if (!(high > low) || limit < 2)
        return 0;
    double step = round_step((high - low) / (limit - 1));
    for (double k = ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && count < limit; k++)
        ticks[count++] = k * step + 0.0; /* never -0 */
    return count;
}
