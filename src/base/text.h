/* A growing text. A failed allocation is remembered and reported once, by dn_text_take. */
#ifndef DN_BASE_TEXT_H
#define DN_BASE_TEXT_H

#include "base/error.h"

typedef struct dn_text {
    char *data; /* zero-terminated once anything was appended */
    size_t length, capacity;
    int failed;
} dn_text;

void dn_text_append(dn_text *text, const char *format, ...) DN_PRINTF(2, 3);
void dn_text_append_bytes(dn_text *text, const char *bytes, size_t count);

/* Passes the text to the caller, who frees it with dn_text_free; *text becomes empty. */
dn_status dn_text_take(dn_text *text, char **taken, dn_error *error);
void dn_text_destroy(dn_text *text);

#endif
