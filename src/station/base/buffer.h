/* A text or a body that grows. After a failure to allocate, `failed` is set and nothing more is
 * added, so that a caller asks once, at the end. */
#ifndef DN_STATION_BASE_BUFFER_H
#define DN_STATION_BASE_BUFFER_H

#include "differnet.h"

typedef struct dn_buffer {
    char *data; /* zero-terminated once anything was added; NULL before */
    size_t length, capacity;
    int failed;
} dn_buffer;

void dn_buffer_append(dn_buffer *self, const void *bytes, size_t size);
void dn_buffer_text(dn_buffer *self, const char *text);
void dn_buffer_print(dn_buffer *self, const char *format, ...) DN_PRINTF(2, 3);

/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. NULL: null. */
void dn_buffer_json(dn_buffer *self, const char *text);

/* "%.17g", or null where JSON has no such number. */
void dn_buffer_number(dn_buffer *self, double value);

void dn_buffer_base64(dn_buffer *self, const void *bytes, size_t size);

void dn_buffer_free(dn_buffer *self);

#endif
