/* Time spans. The command line sees public headers only, so it cannot use base/clock.h. */
#ifndef DN_CLI_CLOCK_H
#define DN_CLI_CLOCK_H

#include <stdint.h>

/* Seconds since an arbitrary moment; monotonic. */
double dn_cli_seconds(void);

/* Milliseconds since 1970, UTC. */
int64_t dn_cli_utc_milliseconds(void);

#endif
