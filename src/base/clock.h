/* Time spans. */
#ifndef DN_BASE_CLOCK_H
#define DN_BASE_CLOCK_H

/* Seconds on a clock that only moves forward, from an arbitrary start. Thread-safe. */
double dn_seconds(void);

#endif
