#include "station/base/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(dn_buffer *self, size_t more) {
    if (self->failed)
        return 0;
    if (more < self->capacity - self->length)
        return 1;
    size_t capacity = self->capacity ? self->capacity : 256;
    while (capacity - self->length <= more && capacity < SIZE_MAX / 2)
        capacity *= 2;
    char *data = capacity - self->length > more ? realloc(self->data, capacity) : NULL;
    if (!data) {
        self->failed = 1;
        return 0;
    }
    self->data = data;
    self->capacity = capacity;
    return 1;
}

void dn_buffer_append(dn_buffer *self, const void *bytes, size_t size) {
    if (!reserve(self, size))
        return;
    if (size > 0)
        memcpy(self->data + self->length, bytes, size);
    self->length += size;
    self->data[self->length] = '\0';
}

void dn_buffer_text(dn_buffer *self, const char *text) {
    dn_buffer_append(self, text, strlen(text));
}

void dn_buffer_print(dn_buffer *self, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text)
        self->failed = 1;
    else
        dn_buffer_append(self, text, (size_t)length);
}

/* Bytes of the UTF-8 sequence at `text`, 0 if it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *text) {
    static const struct {
        unsigned char from, to, low, high, length; /* of the first byte, of the second */
    } rows[] = {
        {0x00, 0x7F, 0x00, 0xFF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*text < rows[i].from || *text > rows[i].to)
            continue;
        if (rows[i].length > 1 && (text[1] < rows[i].low || text[1] > rows[i].high))
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if ((text[k] & 0xC0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

static void append_character(dn_buffer *self, const unsigned char *text, size_t length) {
    if (length == 0)
        dn_buffer_text(self, "\xEF\xBF\xBD");
    else if (*text == '"' || *text == '\\')
        dn_buffer_print(self, "\\%c", *text);
    else if (*text < 0x20 || *text == 0x7F)
        dn_buffer_print(self, "\\u%04x", *text);
    else
        dn_buffer_append(self, text, length);
}

void dn_buffer_json(dn_buffer *self, const char *text) {
    if (!text) {
        dn_buffer_text(self, "null");
        return;
    }
    dn_buffer_text(self, "\"");
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t length = utf8_length(at);
        append_character(self, at, length);
        at += length ? length : 1;
    }
    dn_buffer_text(self, "\"");
}

void dn_buffer_number(dn_buffer *self, double value) {
    if (isfinite(value))
        dn_buffer_print(self, "%.17g", value);
    else
        dn_buffer_text(self, "null");
}

void dn_buffer_base64(dn_buffer *self, const void *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *data = bytes;
    if (size > SIZE_MAX / 2 || !reserve(self, (size + 2) / 3 * 4))
        return;
    char *out = self->data + self->length;
    for (size_t i = 0; i < size; i += 3) {
        unsigned left = (unsigned)(size - i > 3 ? 3 : size - i);
        unsigned group = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0u) |
                         (left > 2 ? data[i + 2] : 0u);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (left > 1)
            out[-2] = digits[group >> 6 & 63];
        if (left > 2)
            out[-1] = digits[group & 63];
    }
    *out = '\0';
    self->length = (size_t)(out - self->data);
}

void dn_buffer_free(dn_buffer *self) {
    free(self->data);
    *self = (dn_buffer){0};
}
