/* Small texts: messages, digests, times, and what arrives encoded. */
#ifndef DN_STATION_BASE_TEXT_H
#define DN_STATION_BASE_TEXT_H

#include "differnet.h"

/* Writes the message and returns the status. `error` may be NULL. */
dn_status dn_station_fail(dn_error *error, dn_status status, const char *format, ...)
    DN_PRINTF(3, 4);

/* NULL if memory ran out. */
char *dn_station_copy(const char *text, size_t length);

enum { DN_SHA256_TEXT = 65, DN_UTC_TEXT = 32 };
void dn_sha256_text(const void *bytes, size_t size, char text[DN_SHA256_TEXT]);

/* In a time that does not depend on where the texts differ. */
int dn_same_secret(const char *left, const char *right);

/* Seconds of a clock that is never set. */
double dn_steady_seconds(void);

/* Milliseconds since 1970, UTC; and as RFC 3339 with milliseconds. */
int64_t dn_utc_now(void);
void dn_utc_text(int64_t milliseconds, char text[DN_UTC_TEXT]);

/* Takes %XX (and, in a query, +) out of `text` in place. Returns 0 if it is damaged or holds a zero
 * byte. */
int dn_decode_percent(char *text, int is_query);

/* Decodes in place; returns the number of bytes, or -1 if the text is no base64. Blanks and line
 * ends are not allowed. */
ptrdiff_t dn_decode_base64(char *text, size_t length);

/* Whether `name` has 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with a dot. */
int dn_is_station_name(const char *name);

#endif
