/* Time, for the program: it sees public headers only, so it cannot use base/clock.h. */
#ifndef DN_PROGRAM_CLOCK_H
#define DN_PROGRAM_CLOCK_H

#include <stdint.h>

/* Seconds since an arbitrary moment; monotonic. */
double dn_program_seconds(void);

/* Milliseconds since 1970, UTC. */
int64_t dn_program_utc_milliseconds(void);

#endif
