/* Time spans. The command line sees public headers only, so it cannot use base/clock.h. */
#ifndef DN_CLI_CLOCK_H
#define DN_CLI_CLOCK_H

/* Seconds on a clock that only moves forward, from an arbitrary start. */
double dn_cli_seconds(void);

#endif
