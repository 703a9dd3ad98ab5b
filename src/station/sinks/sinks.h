/* Sends every archived row on: to webhooks and MQTT brokers. The archive is the spool: each sink
 * has a place in it, kept on disk, so nothing is lost while a receiver is away, and the order
 * stays. A row is sent at least once; its `sequence` tells a second time. */
#ifndef DN_STATION_SINKS_SINKS_H
#define DN_STATION_SINKS_SINKS_H

#include "station/archive/archive.h"
#include "station/config/settings.h"

typedef struct dn_sinks dn_sinks;

/* None run yet. `archive` may be NULL: then there are never any. */
dn_status dn_sinks_create(dn_archive *archive, dn_sinks **sinks, dn_error *error);

/* Ends those that run and starts those of the settings, a thread for each; their secrets are read
 * again. After a failure none run. DN_ERROR_UNSUPPORTED: this build lacks a library. */
dn_status dn_sinks_configure(dn_sinks *self, const dn_serve_settings *settings, dn_error *error);

/* NULL is allowed. What was not taken waits for the next start. */
void dn_sinks_destroy(dn_sinks *self);

/* Adds to /metrics how many rows wait for each. */
void dn_sinks_print(dn_sinks *self, dn_buffer *text);

#endif
