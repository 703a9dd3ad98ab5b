/* Tells systemd how the service is (sd_notify(3)): one datagram, no library. */
#ifndef DN_STATION_RUN_NOTIFY_H
#define DN_STATION_RUN_NOTIFY_H

/* "READY=1", "STOPPING=1", "WATCHDOG=1". Does nothing where nobody listens. */
void dn_notify_manager(const char *state);

/* Seconds between two signs of life; 0: none are wanted. */
double dn_notify_interval(void);

#endif
