#include "station/base/text.h"

#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

dn_status dn_station_fail(dn_error *error, dn_status status, const char *format, ...) {
    va_list arguments;
    if (!error)
        return status;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return error->status = status;
}

char *dn_station_copy(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void dn_sha256_text(const void *bytes, size_t size, char text[DN_SHA256_TEXT]) {
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    sha256_update(&context, size, bytes);
    sha256_digest(&context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* The digests have one length, whatever the texts have. */
int dn_same_secret(const char *left, const char *right) {
    char digests[2][DN_SHA256_TEXT];
    dn_sha256_text(left, strlen(left), digests[0]);
    dn_sha256_text(right, strlen(right), digests[1]);
    return memeql_sec(digests[0], digests[1], DN_SHA256_TEXT);
}

double dn_steady_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int64_t dn_utc_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void dn_utc_text(int64_t milliseconds, char text[DN_UTC_TEXT]) {
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    char day[24];
    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, DN_UTC_TEXT, "%s.%03dZ", day, (int)(milliseconds % 1000));
}

static int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int dn_decode_percent(char *text, int is_query) {
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (*in == '%') {
            int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
            if (low < 0 || high + low == 0)
                return 0;
            *out++ = (char)(high * 16 + low);
            in += 2;
        } else
            *out++ = (char)(*in == '+' && is_query ? ' ' : *in);
    }
    *out = '\0';
    return 1;
}

static int base64_digit(char digit) {
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

ptrdiff_t dn_decode_base64(char *text, size_t length) {
    size_t count = 0;
    unsigned group = 0, bits = 0;
    if (length % 4 != 0)
        return -1;
    while (length > 0 && text[length - 1] == '=' && length % 4 != 2)
        length--;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return -1;
        group = (group << 6 | (unsigned)digit) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            text[count++] = (char)(group >> bits & 0xFF);
        }
    }
    return (ptrdiff_t)count;
}

int dn_is_station_name(const char *name) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= 64 && name[0] != '.' && strspn(name, allowed) == length;
}
