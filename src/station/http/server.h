/*
 * HTTP on libmicrohttpd: one thread for all connections. It finds the route, asks who it is, takes
 * the body within limits, and sends what the handler answers. A handler that takes long lets the
 * request wait and finishes it later, from another thread.
 */
#ifndef DN_STATION_HTTP_SERVER_H
#define DN_STATION_HTTP_SERVER_H

#include "station/base/buffer.h"
#include "station/http/access.h"

typedef struct dn_http_server dn_http_server;
typedef struct dn_http_request dn_http_request;
typedef void dn_http_handler(dn_http_request *request);

typedef struct dn_route {
    const char *method;  /* GET, also of HEAD; or POST */
    const char *pattern; /* "/api/models/{}:predict": {} is a part without slashes */
    dn_role role;        /* the least; NONE: everybody */
    dn_http_handler *handle;
} dn_route;

enum { DN_PARAMETERS = 2, DN_PARAMETER_SIZE = 128, DN_MODEL_LABEL = 65 };

/* What a handler may read; `body` stays until the request has been answered. */
struct dn_http_request {
    void *user; /* the server's */
    const dn_route *route;
    char parameters[DN_PARAMETERS][DN_PARAMETER_SIZE]; /* what stood for {} */
    char *body;
    size_t size;
    dn_role role;
    double began;               /* dn_steady_seconds */
    char model[DN_MODEL_LABEL]; /* for counts and log: set by the handler; "": none */
    void *own;                  /* of the server */
};

/* What a reload may change. */
typedef struct dn_http_limits {
    size_t most_body, most_memory; /* bytes: of a body; of all at once */
    double head_seconds, request_seconds, connection_seconds;
} dn_http_limits;

typedef struct dn_http_options {
    const char *host, *port;
    const char *tls_cert, *tls_key; /* PEM texts, NULL: no TLS */
    const char *const *hosts;       /* allowed in Host; kept by the caller */
    size_t host_count;
    int connections, connections_per_address;
    dn_http_limits limits;
    const dn_route *routes;
    size_t route_count;
    dn_access *access;
    void *user;
    /* After each request, on the server's thread; `sent` is what the client saw: the status, or 0
     * if it had gone. */
    void (*on_done)(dn_http_request *request, int sent);
} dn_http_options;

dn_status dn_http_start(const dn_http_options *options, dn_http_server **server, dn_error *error);

/* No further connections; then ends. Every request must have been answered before the second. */
void dn_http_quiesce(dn_http_server *self);
void dn_http_stop(dn_http_server *self);

/* The port that it listens on. */
int dn_http_port(const dn_http_server *self);
size_t dn_http_open_requests(dn_http_server *self);

/* Names that Host may have from now on; the texts stay with the caller. */
void dn_http_set_hosts(dn_http_server *self, const char *const *hosts, size_t count);

/* Limits of all requests that begin from now on. */
void dn_http_set_limits(dn_http_server *self, const dn_http_limits *limits);

/* ---- for handlers ---- */

/* NULL if it was not sent. The texts stay until the request is answered. */
const char *dn_http_header(dn_http_request *request, const char *name);
const char *dn_http_query(dn_http_request *request, const char *name);
const char *dn_http_method(const dn_http_request *request);
const char *dn_http_address(const dn_http_request *request);

/* Sets the answer. `body` is taken over, also after a failure of it. */
void dn_http_answer(dn_http_request *request, int status, const char *content_type,
                    dn_buffer *body);
void dn_http_answer_static(dn_http_request *request, const char *content_type, const char *body,
                           size_t size);

/* application/problem+json (RFC 9457). */
void dn_http_problem(dn_http_request *request, int status, const char *format, ...) DN_PRINTF(3, 4);

/* One more header of the answer, up to four; the name is static, the value is copied. */
void dn_http_add_header(dn_http_request *request, const char *name, const char *value);

/* Lets the request wait; exactly one dn_http_finish, on any thread, must follow after an answer was
 * set. */
void dn_http_wait(dn_http_request *request);
void dn_http_finish(dn_http_request *request);

/* Whether the client of a waiting request has gone. */
int dn_http_is_gone(const dn_http_request *request);

/* ---- server-sent events ---- */

/* Answers with the stream of events, from those after `last_id` on, if they are remembered. */
void dn_http_answer_events(dn_http_request *request, long long last_id);

/* Sends an event to all streams. Thread-safe; text has no newline. */
void dn_http_publish(dn_http_server *self, const char *event, const char *text);

#endif
