/* Time spans. */
#ifndef DN_BASE_CLOCK_H
#define DN_BASE_CLOCK_H

#include <stdint.h>

/* Seconds on a clock that only moves forward, from an arbitrary start. Thread-safe. */
double dn_seconds(void);

/* Milliseconds since 1970, UTC, of the wall clock. */
int64_t dn_utc_milliseconds(void);

#endif
