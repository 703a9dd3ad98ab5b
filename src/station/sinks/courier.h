/* How a row reaches one receiver. */
#ifndef DN_STATION_SINKS_COURIER_H
#define DN_STATION_SINKS_COURIER_H

#include "station/config/settings.h"

enum { DN_TROUBLE = 300 };

typedef enum dn_delivery {
    DN_DELIVERED,
    DN_UNDELIVERED, /* try again later; `trouble` says why */
    DN_REFUSED      /* the receiver does not want this row */
} dn_delivery;

typedef struct dn_courier {
    void *state;
    dn_delivery (*deliver)(void *state, const char *row, char trouble[DN_TROUBLE]);
    void (*idle)(void *state); /* now and then, while there is nothing to send; may be NULL */
    void (*close)(void *state);
} dn_courier;

dn_status dn_webhook_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error);
dn_status dn_mqtt_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error);

/* The first line of a file with a secret, which others must not read (mode 0600); free it. */
dn_status dn_read_secret(const char *path, char **secret, dn_error *error);

#endif
