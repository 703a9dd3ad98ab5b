#ifndef DN_CLI_CLOCK_H
#define DN_CLI_CLOCK_H

/* Seconds since some moment in the past; never goes back. */
double dn_cli_seconds(void);

#endif
