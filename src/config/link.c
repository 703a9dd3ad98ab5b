#include "config/link.h"

#include "config/number.h"

#include <stdio.h>
#include <string.h>

typedef struct unit {
    const char *name;
    double value;
} unit;

static const unit rates[] = {{"gbit", 1e9}, {"mbit", 1e6}, {NULL, 0}};
static const unit times[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {NULL, 0}};

/* A number and its unit in the first `length` bytes. */
static int read_quantity(const char *text, size_t length, const unit *units, double *value) {
    char number[DN_NUMBER_SIZE];
    for (; units->name; units++) {
        size_t tail = strlen(units->name);
        if (length <= tail || length - tail >= sizeof number ||
            memcmp(text + length - tail, units->name, tail) != 0)
            continue;
        memcpy(number, text, length - tail);
        number[length - tail] = '\0';
        if (!dn_number_read(number, value))
            continue; /* "1ms" ends in s, too */
        *value *= units->value;
        return 1;
    }
    return 0;
}

int dn_link_read(const char *text, dn_link *link) {
    static const double MOST_BITS = 1e15, MOST_SECONDS = 60;
    size_t length = strcspn(text, ",");
    dn_link read;
    if (text[length] != ',' || !read_quantity(text, length, rates, &read.bits) ||
        !read_quantity(text + length + 1, strlen(text + length + 1), times, &read.latency) ||
        !(read.bits >= 1) || !(read.bits <= MOST_BITS) || !(read.latency >= 0) ||
        !(read.latency <= MOST_SECONDS))
        return 0;
    *link = read;
    return 1;
}

void dn_link_print(const dn_link *link, char text[DN_LINK_TEXT]) {
    char bits[DN_NUMBER_SIZE], latency[DN_NUMBER_SIZE];
    dn_number_print_fixed(bits, link->bits / 1e9, link->bits < 1e9 ? 4 : 2);
    dn_number_print_fixed(latency, link->latency * 1e3, 4);
    snprintf(text, DN_LINK_TEXT, "%sgbit,%sms", bits, latency);
}
