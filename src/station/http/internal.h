/* What the files of the server share. */
#ifndef DN_STATION_HTTP_INTERNAL_H
#define DN_STATION_HTTP_INTERNAL_H

#include "station/http/connections.h"
#include "station/http/server.h"

#include <microhttpd.h>

enum { DN_ANSWER_HEADERS = 4 };

typedef struct dn_events dn_events;

typedef struct dn_answer_header {
    const char *name;
    char value[160];
} dn_answer_header;

/* A request with what only the server knows of it. */
typedef struct dn_exchange {
    dn_http_request request;
    dn_http_server *server;
    struct MHD_Connection *connection;
    dn_http_connection *link;
    const char *method;
    size_t most_body; /* the limit when it began */
    size_t capacity;  /* of the body, counted in the server's memory */
    int refused_body; /* the status for a body that is too large, once it was taken */
    int handled, waits, early;
    int status;
    const char *content_type;
    dn_buffer body;
    const char *fixed; /* instead of `body` */
    size_t fixed_size;
    int is_stream;
    long long last_id;
    dn_answer_header headers[DN_ANSWER_HEADERS];
    size_t header_count;
} dn_exchange;

struct dn_http_server {
    dn_http_options options;
    struct MHD_Daemon *daemon;
    int port;
    dn_connections connections;
    dn_events *events;
    pthread_mutex_t lock; /* of the following */
    pthread_cond_t stopping;
    const char *const *hosts;
    size_t host_count;
    dn_http_limits limits;
    size_t memory; /* of bodies */
    size_t open;   /* requests */
    int stop;
    pthread_t clock; /* ends what is late */
};

/* libmicrohttpd's parameters are not const where it only reads. */
static inline void *dn_not_const(const void *bytes) {
    union {
        const void *in;
        void *out;
    } pointer = {bytes};
    return pointer.out;
}

/* route.c: finds the route of method and path, and fills the parameters. *allow is the other
 * method that the path has; NULL: the path has none. */
const dn_route *dn_route_find(const dn_route *routes, size_t count, const char *method,
                              const char *path, dn_http_request *request, const char **allow);

/* events.c */
dn_events *dn_events_create(void); /* NULL if memory ran out */
void dn_events_destroy(dn_events *self);
void dn_events_publish(dn_events *self, const char *event, const char *text);
void dn_events_beat(dn_events *self); /* now and then: finds the streams whose client has gone */
void dn_events_close(dn_events *self);
struct MHD_Response *dn_events_response(dn_exchange *exchange);

/* answer.c */
enum MHD_Result dn_answer_send(dn_exchange *self);

#endif
