#include "station/base/text.h"
#include "station/http/guard.h"
#include "station/http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the head of a request ---- */

typedef struct header_count {
    const char *name;
    size_t count;
} header_count;

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *key,
                                    const char *value) {
    header_count *counted = user;
    (void)kind;
    (void)value;
    counted->count += strcasecmp(key, counted->name) == 0;
    return MHD_YES;
}

static size_t times_sent(struct MHD_Connection *connection, const char *name) {
    header_count counted = {name, 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &counted);
    return counted.count;
}

const char *dn_http_header(dn_http_request *request, const char *name) {
    const dn_exchange *exchange = request->own;
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *dn_http_query(dn_http_request *request, const char *name) {
    const dn_exchange *exchange = request->own;
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *dn_http_method(const dn_http_request *request) {
    return ((const dn_exchange *)request->own)->method;
}

const char *dn_http_address(const dn_http_request *request) {
    return ((const dn_exchange *)request->own)->link->address;
}

/* The methods that a path has, for Allow. */
static const char *methods_of(dn_exchange *self, const char *path) {
    const dn_http_options *options = &self->server->options;
    dn_http_request unused = {0};
    const char *allow;
    dn_route_find(options->routes, options->route_count, "", path, &unused, &allow);
    return allow ? allow : "GET, HEAD, POST";
}

/* Returns 0 and answers if the head is refused. */
static int check_head(dn_exchange *self, const char *url) {
    dn_http_server *server = self->server;
    const char *reason;
    pthread_mutex_lock(&server->lock);
    const dn_guard_head head = {.method = self->method,
                                .host = dn_http_header(&self->request, "Host"),
                                .origin = dn_http_header(&self->request, "Origin"),
                                .transfer_encoding =
                                    dn_http_header(&self->request, "Transfer-Encoding"),
                                .content_length = dn_http_header(&self->request, "Content-Length"),
                                .host_count = times_sent(self->connection, "Host"),
                                .length_count = times_sent(self->connection, "Content-Length"),
                                .hosts = server->hosts,
                                .hosts_count = server->host_count,
                                .is_tls = server->options.tls_cert != NULL};
    int status = dn_guard_check(&head, &reason);
    pthread_mutex_unlock(&server->lock);
    if (status == 0)
        return 1;
    dn_http_problem(&self->request, status, "%s", reason);
    if (status == 405)
        dn_http_add_header(&self->request, "Allow", methods_of(self, url));
    return 0;
}

static int find_route(dn_exchange *self, const char *url) {
    char path[1024];
    const char *allow;
    const dn_http_options *options = &self->server->options;
    if (strlen(url) >= sizeof path) {
        dn_http_problem(&self->request, 404, "no such path");
        return 0;
    }
    strcpy(path, url); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits */
    if (!dn_decode_percent(path, 0)) {
        dn_http_problem(&self->request, 400, "the path is not well encoded");
        return 0;
    }
    self->request.route = dn_route_find(options->routes, options->route_count, self->method, path,
                                        &self->request, &allow);
    if (self->request.route)
        return 1;
    dn_http_problem(&self->request, allow ? 405 : 404, allow ? "expected %s" : "no such path%s",
                    allow ? allow : "");
    if (allow)
        dn_http_add_header(&self->request, "Allow", allow);
    return 0;
}

static int check_access(dn_exchange *self) {
    if (self->request.route->role == DN_ROLE_NONE)
        return 1;
    switch (dn_access_ask(self->server->options.access,
                          dn_http_header(&self->request, "Authorization"), self->link->address,
                          &self->request.role)) {
    case DN_ACCESS_LIMITED:
        dn_http_problem(&self->request, 429, "too many wrong tokens; try again in a minute");
        return 0;
    case DN_ACCESS_REFUSED:
        dn_http_problem(&self->request, 401, "expected the header Authorization: Bearer TOKEN");
        return 0;
    default:
        break;
    }
    if (self->request.role >= self->request.route->role)
        return 1;
    dn_http_problem(&self->request, 403, "this token may not do that");
    return 0;
}

static int check_length(dn_exchange *self) {
    const char *length = dn_http_header(&self->request, "Content-Length");
    if (!length || strtoull(length, NULL, 10) <= self->most_body)
        return 1;
    dn_http_problem(&self->request, 413, "a body has at most %zu bytes", self->most_body);
    return 0;
}

/* ---- the body ---- */

static int take_memory(dn_http_server *server, size_t more) {
    pthread_mutex_lock(&server->lock);
    int fits = server->memory + more <= server->limits.most_memory;
    if (fits)
        server->memory += more;
    pthread_mutex_unlock(&server->lock);
    return fits;
}

static void drop_body(dn_exchange *self) {
    pthread_mutex_lock(&self->server->lock);
    self->server->memory -= self->capacity;
    pthread_mutex_unlock(&self->server->lock);
    free(self->request.body);
    self->request.body = NULL;
    self->request.size = self->capacity = 0;
}

static void take_body(dn_exchange *self, const char *data, size_t size) {
    dn_http_request *request = &self->request;
    size_t needed = request->size + size;
    if (self->refused_body || self->handled)
        return;
    if (needed > self->most_body)
        self->refused_body = 413;
    else if (needed >= self->capacity) {
        size_t capacity = self->capacity ? self->capacity : 65536;
        while (capacity <= needed)
            capacity *= 2;
        char *body = NULL;
        if (take_memory(self->server, capacity - self->capacity)) {
            size_t before = self->capacity;
            self->capacity = capacity;
            body = realloc(request->body, capacity);
            if (!body) {
                pthread_mutex_lock(&self->server->lock);
                self->server->memory -= capacity - before;
                pthread_mutex_unlock(&self->server->lock);
                self->capacity = before;
            }
        }
        if (body)
            request->body = body;
        else
            self->refused_body = 503;
    }
    if (self->refused_body) {
        drop_body(self);
        return;
    }
    memcpy(request->body + request->size, data, size);
    request->size = needed;
    request->body[needed] = '\0';
}

/* ---- a request from begin to end ---- */

static enum MHD_Result begin_request(dn_http_server *server, struct MHD_Connection *connection,
                                     const char *url, const char *method, void **place) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    dn_exchange *self = info && info->socket_context ? calloc(1, sizeof *self) : NULL;
    if (!self)
        return MHD_NO;
    *place = self;
    self->server = server;
    self->connection = connection;
    self->link = info->socket_context;
    self->method = method;
    self->request.own = self;
    self->request.user = server->options.user;
    self->request.began = dn_steady_seconds();
    pthread_mutex_lock(&server->lock);
    server->open++;
    self->most_body = server->limits.most_body;
    unsigned seconds = (unsigned)server->limits.request_seconds;
    pthread_mutex_unlock(&server->lock);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
    dn_connections_enter(&server->connections, self->link, DN_PHASE_BODY);
    self->early = !check_head(self, url) || !check_length(self) ||
                  dn_http_header(&self->request, "Expect") != NULL;
    if (self->status == 0 && find_route(self, url) && check_access(self)) {
        self->early = 0;
        return MHD_YES;
    }
    if (self->early) /* before the body, and then close */
        return dn_answer_send(self);
    /* A client that sends first and reads later would miss the answer: its body is taken, and
     * dropped. */
    self->handled = 1;
    return MHD_YES;
}

static void handle(dn_exchange *self) {
    self->handled = 1;
    if (self->refused_body == 413)
        dn_http_problem(&self->request, 413, "a body has at most %zu bytes", self->most_body);
    else if (self->refused_body)
        dn_http_problem(&self->request, 503, "too many large bodies at once");
    else
        self->request.route->handle(&self->request);
}

static enum MHD_Result on_access(void *user, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **place) {
    dn_exchange *self = *place;
    (void)version;
    if (!self)
        return begin_request(user, connection, url, method, place);
    if (*size > 0) {
        take_body(self, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!self->handled)
        handle(self);
    if (self->waits) { /* it is suspended, or has been resumed already: then we are asked again */
        self->waits = 0;
        return MHD_YES;
    }
    return dn_answer_send(self);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **place,
                         enum MHD_RequestTerminationCode code) {
    dn_http_server *server = user;
    dn_exchange *self = *place;
    (void)connection;
    if (!self)
        return;
    *place = NULL;
    if (server->options.on_done)
        server->options.on_done(&self->request,
                                code == MHD_REQUEST_TERMINATED_COMPLETED_OK ? self->status : 0);
    dn_connections_enter(&server->connections, self->link, DN_PHASE_HEAD);
    drop_body(self);
    dn_buffer_free(&self->body);
    pthread_mutex_lock(&server->lock);
    server->open--;
    pthread_mutex_unlock(&server->lock);
    free(self);
}

void dn_http_wait(dn_http_request *request) {
    dn_exchange *self = request->own;
    dn_connections_enter(&self->server->connections, self->link, DN_PHASE_WORK);
    self->waits = 1;
    MHD_suspend_connection(self->connection);
}

void dn_http_finish(dn_http_request *request) {
    MHD_resume_connection(((dn_exchange *)request->own)->connection);
}

int dn_http_is_gone(const dn_http_request *request) {
    return dn_connection_is_gone(((const dn_exchange *)request->own)->link);
}

void dn_http_publish(dn_http_server *self, const char *event, const char *text) {
    dn_events_publish(self->events, event, text);
}

/* ---- connections ---- */

static void on_connection(void *user, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code) {
    dn_http_server *server = user;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*place)
            dn_connections_remove(&server->connections, *place);
        *place = NULL;
        return;
    }
    const union MHD_ConnectionInfo *socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (socket && address)
        *place = dn_connections_add(&server->connections, socket->connect_fd, address->client_addr);
}

/* Paths and queries are decoded by those who read them: libmicrohttpd would cut them at %00. */
static size_t leave_encoded(void *user, struct MHD_Connection *connection, char *text) {
    (void)user;
    (void)connection;
    return strlen(text);
}

static void *watch_clock(void *user) {
    enum { BEAT_TICKS = 30 };
    dn_http_server *self = user;
    int ticks = 0;
    pthread_mutex_lock(&self->lock);
    while (!self->stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 500000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&self->stopping, &self->lock, &until);
        pthread_mutex_unlock(&self->lock);
        dn_connections_end_late(&self->connections);
        if (++ticks % BEAT_TICKS == 0)
            dn_events_beat(self->events);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* ---- start and stop ---- */

static struct MHD_Daemon *start_daemon(dn_http_server *self, const struct addrinfo *address) {
    const dn_http_options *options = &self->options;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                     (options->tls_cert ? MHD_USE_TLS : 0u) |
                     (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, dn_not_const(options->tls_cert)},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, dn_not_const(options->tls_key)},
                                   {MHD_OPTION_END, 0, NULL}};
    if (!options->tls_cert)
        tls[0] = tls[2];
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, self, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)options->connections_per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)options->limits.request_seconds, MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, self, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_encoded, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
}

static dn_status listen_at(dn_http_server *self, dn_error *error) {
    const dn_http_options *options = &self->options;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int failure = getaddrinfo(options->host, options->port, &hints, &found);
    if (failure != 0)
        return dn_station_fail(error, DN_ERROR_CONFIG, "listen: %.200s port %.20s: %s",
                               options->host, options->port, gai_strerror(failure));
    errno = 0;
    self->daemon = start_daemon(self, found);
    freeaddrinfo(found);
    if (!self->daemon)
        return dn_station_fail(error, DN_ERROR_IO, "listen: %.200s port %.20s: %s%s", options->host,
                               options->port, errno ? strerror(errno) : "the server does not start",
                               options->tls_cert ? " (is it a certificate and its key?)" : "");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_BIND_PORT);
    self->port = info ? info->port : 0;
    return DN_OK;
}

dn_status dn_http_start(const dn_http_options *options, dn_http_server **server, dn_error *error) {
    dn_http_server *self = calloc(1, sizeof *self);
    *server = NULL;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->options = *options;
    self->hosts = options->hosts;
    self->host_count = options->host_count;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->stopping, NULL);
    dn_connections_init(&self->connections);
    dn_http_set_limits(self, &options->limits);
    self->events = dn_events_create();
    *server = self; /* before there are requests, whose handlers read it */
    dn_status status = self->events ? listen_at(self, error)
                                    : dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    if (status == DN_OK && pthread_create(&self->clock, NULL, watch_clock, self) != 0) {
        MHD_stop_daemon(self->daemon);
        self->daemon = NULL;
        status = dn_station_fail(error, DN_ERROR_MEMORY, "cannot start a thread");
    }
    if (status != DN_OK) {
        *server = NULL;
        dn_http_stop(self);
    }
    return status;
}

void dn_http_quiesce(dn_http_server *self) {
    MHD_socket listening = MHD_quiesce_daemon(self->daemon);
    if (listening != MHD_INVALID_SOCKET)
        shutdown(listening, SHUT_RDWR);
    dn_events_close(self->events);
}

void dn_http_stop(dn_http_server *self) {
    if (!self)
        return;
    if (self->daemon) {
        pthread_mutex_lock(&self->lock);
        self->stop = 1;
        pthread_cond_signal(&self->stopping);
        pthread_mutex_unlock(&self->lock);
        pthread_join(self->clock, NULL);
        MHD_stop_daemon(self->daemon);
    }
    dn_events_destroy(self->events);
    dn_connections_destroy(&self->connections);
    pthread_cond_destroy(&self->stopping);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

int dn_http_port(const dn_http_server *self) {
    return self->port;
}

size_t dn_http_open_requests(dn_http_server *self) {
    pthread_mutex_lock(&self->lock);
    size_t open = self->open;
    pthread_mutex_unlock(&self->lock);
    return open;
}

void dn_http_set_limits(dn_http_server *self, const dn_http_limits *limits) {
    pthread_mutex_lock(&self->lock);
    self->limits = *limits;
    pthread_mutex_unlock(&self->lock);
    dn_connections_set_limits(&self->connections, limits->head_seconds, limits->request_seconds,
                              limits->connection_seconds);
}

void dn_http_set_hosts(dn_http_server *self, const char *const *hosts, size_t count) {
    pthread_mutex_lock(&self->lock);
    self->hosts = hosts;
    self->host_count = count;
    pthread_mutex_unlock(&self->lock);
}
