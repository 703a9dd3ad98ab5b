/* Ctrl-C and SIGTERM cancel the work at the next progress report; a second one ends it at once. */
#ifndef DN_CLI_INTERRUPT_H
#define DN_CLI_INTERRUPT_H

void dn_interrupt_install(void);

/* The number of the signal received, or 0. */
int dn_interrupt_signal(void);

#endif
