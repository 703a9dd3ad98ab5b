#include "report/csv.h"

#include "config/number.h"
#include "report/utf8.h"

#include <math.h>
#include <string.h>

static int is_formula(const char *cell) {
    return *cell && strchr("=+-@\t\r", *cell);
}

void dn_csv_cell(dn_text *text, const char *cell) {
    dn_text clean = {0};
    dn_text_append(&clean, "%s", is_formula(cell) ? "'" : "");
    dn_utf8_append(&clean, cell);
    if (clean.failed) {
        text->failed = 1;
        dn_text_destroy(&clean);
        return;
    }
    int quoted = strpbrk(clean.data, "\",\r\n") != NULL;
    dn_text_append(text, "%s", quoted ? "\"" : "");
    for (const char *byte = clean.data; *byte; byte++)
        dn_text_append(text, "%s%c", *byte == '"' ? "\"" : "", *byte);
    dn_text_append(text, "%s", quoted ? "\"" : "");
    dn_text_destroy(&clean);
}

void dn_csv_number(dn_text *text, double value) {
    char number[DN_NUMBER_SIZE] = "";
    if (isfinite(value))
        dn_number_print(number, value);
    dn_text_append(text, "%s", number);
}
