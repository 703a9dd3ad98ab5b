#include "config/number.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program that uses the library may have set a locale with a decimal comma. glibc returns its
 * "C" locale without allocating, so this cannot fail. */
static locale_t enter_c_locale(locale_t *c_locale) {
    *c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c_locale ? uselocale(*c_locale) : (locale_t)0;
}

static void leave_c_locale(locale_t c_locale, locale_t previous) {
    if (!c_locale)
        return;
    uselocale(previous);
    freelocale(c_locale);
}

void dn_number_print(char text[DN_NUMBER_SIZE], double value) {
    locale_t c_locale, previous = enter_c_locale(&c_locale);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, DN_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    leave_c_locale(c_locale, previous);
}

void dn_number_print_fixed(char text[DN_NUMBER_SIZE], double value, int decimals) {
    locale_t c_locale, previous = enter_c_locale(&c_locale);
    /* From 1e15 on a double has no decimals worth printing, and its digits would not fit. */
    snprintf(text, DN_NUMBER_SIZE, fabs(value) < 1e15 ? "%.*f" : "%.*g", decimals, value);
    leave_c_locale(c_locale, previous);
}

static void drop_zeros(char *number) {
    char *end = number + strlen(number);
    if (!strchr(number, '.'))
        return;
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
}

void dn_number_print_score(char text[DN_NUMBER_SIZE], double score) {
    if (fabs(score) >= 1e12 || (score != 0 && fabs(score) < 1e-6)) {
        dn_number_print(text, score);
        return;
    }
    int magnitude = score != 0 ? (int)floor(log10(fabs(score))) : 0;
    dn_number_print_fixed(text, score, magnitude > 4 ? 0 : 4 - magnitude);
    drop_zeros(text);
}

int dn_number_read(const char *text, double *value) {
    char *end;
    /* strtod alone would also accept "0x1p3", "nan" and leading spaces. */
    if (!*text || text[strspn(text, "0123456789+-.eE")])
        return 0;
    locale_t c_locale, previous = enter_c_locale(&c_locale);
    *value = strtod(text, &end);
    leave_c_locale(c_locale, previous);
    return !*end && isfinite(*value);
}

int dn_unsigned_read(const char *text, uint64_t *value) {
    if (!*text || text[strspn(text, "0123456789")])
        return 0;
    errno = 0;
    unsigned long long wide = strtoull(text, NULL, 10);
    *value = wide;
    return errno == 0;
}

int dn_integer_read(const char *text, int *value) {
    uint64_t magnitude;
    int negative = *text == '-';
    if (!dn_unsigned_read(text + (*text == '-' || *text == '+'), &magnitude) || magnitude > INT_MAX)
        return 0;
    *value = negative ? -(int)magnitude : (int)magnitude;
    return 1;
}
