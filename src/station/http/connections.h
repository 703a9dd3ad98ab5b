/* The connections that are open, and how long each may take: libmicrohttpd only knows silence, but
 * a slow sender is never silent. Thread-safe. */
#ifndef DN_STATION_HTTP_CONNECTIONS_H
#define DN_STATION_HTTP_CONNECTIONS_H

#include <pthread.h>
#include <stddef.h>

typedef enum dn_phase {
    DN_PHASE_HEAD,   /* idle, or headers are coming */
    DN_PHASE_BODY,   /* a body is coming */
    DN_PHASE_WORK,   /* we are at work */
    DN_PHASE_ANSWER, /* the answer is going out */
    DN_PHASE_STREAM  /* events, without an end */
} dn_phase;

typedef struct dn_http_connection {
    struct dn_http_connection *next, **link;
    int socket;
    dn_phase phase;
    double began, phase_began;
    char address[64]; /* of the client */
} dn_http_connection;

typedef struct dn_connections {
    pthread_mutex_t lock;
    dn_http_connection *first;
    double head_seconds, request_seconds, connection_seconds;
} dn_connections;

void dn_connections_init(dn_connections *self);
void dn_connections_destroy(dn_connections *self);
void dn_connections_set_limits(dn_connections *self, double head_seconds, double request_seconds,
                               double connection_seconds);

/* NULL if memory ran out. `address`: a struct sockaddr. */
dn_http_connection *dn_connections_add(dn_connections *self, int socket, const void *address);
void dn_connections_remove(dn_connections *self, dn_http_connection *connection);

void dn_connections_enter(dn_connections *self, dn_http_connection *connection, dn_phase phase);

/* Shuts the sockets whose time is over; libmicrohttpd then closes them. Call it often. */
void dn_connections_end_late(dn_connections *self);

/* Bounds what the system keeps for a client that does not read. */
void dn_connection_bound_buffer(const dn_http_connection *connection);

/* Whether the client has closed its connection. */
int dn_connection_is_gone(const dn_http_connection *connection);

#endif
