/* Times as text. */
#ifndef DN_REPORT_TIME_H
#define DN_REPORT_TIME_H

#include <stdint.h>

enum { DN_TIME_SIZE = 32 };

/* "2026-11-29T06:21:39.123Z" (RFC 3339, UTC) of milliseconds since 1970. Returns 0, and prints "",
 * if the time is 0 or has no year of four digits. */
int dn_time_print(char text[DN_TIME_SIZE], int64_t milliseconds);

#endif
