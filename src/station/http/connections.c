#include "station/http/connections.h"

#include "station/base/text.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

void dn_connections_init(dn_connections *self) {
    pthread_mutex_init(&self->lock, NULL);
}

void dn_connections_destroy(dn_connections *self) {
    pthread_mutex_destroy(&self->lock);
}

void dn_connections_set_limits(dn_connections *self, double head_seconds, double request_seconds,
                               double connection_seconds) {
    pthread_mutex_lock(&self->lock);
    self->head_seconds = head_seconds;
    self->request_seconds = request_seconds;
    self->connection_seconds = connection_seconds;
    pthread_mutex_unlock(&self->lock);
}

static void print_address(const struct sockaddr *address, char *text, size_t size) {
    snprintf(text, size, "unknown");
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  (socklen_t)size);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
                  (socklen_t)size);
}

dn_http_connection *dn_connections_add(dn_connections *self, int socket, const void *address) {
    dn_http_connection *one = calloc(1, sizeof *one);
    if (!one)
        return NULL;
    one->socket = socket;
    one->began = one->phase_began = dn_steady_seconds();
    print_address(address, one->address, sizeof one->address);
    pthread_mutex_lock(&self->lock);
    one->next = self->first;
    one->link = &self->first;
    if (self->first)
        self->first->link = &one->next;
    self->first = one;
    pthread_mutex_unlock(&self->lock);
    return one;
}

void dn_connections_remove(dn_connections *self, dn_http_connection *connection) {
    pthread_mutex_lock(&self->lock);
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    pthread_mutex_unlock(&self->lock);
    free(connection);
}

void dn_connections_enter(dn_connections *self, dn_http_connection *connection, dn_phase phase) {
    pthread_mutex_lock(&self->lock);
    connection->phase = phase;
    connection->phase_began = dn_steady_seconds();
    pthread_mutex_unlock(&self->lock);
}

static int is_late(const dn_connections *self, const dn_http_connection *one, double now) {
    double spent = now - one->phase_began;
    switch (one->phase) {
    case DN_PHASE_HEAD:
        return spent > self->head_seconds || now - one->began > self->connection_seconds;
    case DN_PHASE_BODY:
    case DN_PHASE_ANSWER:
        return spent > self->request_seconds;
    default:
        return 0;
    }
}

void dn_connections_end_late(dn_connections *self) {
    double now = dn_steady_seconds();
    pthread_mutex_lock(&self->lock);
    for (dn_http_connection *one = self->first; one; one = one->next)
        if (is_late(self, one, now))
            shutdown(one->socket, SHUT_RDWR);
    pthread_mutex_unlock(&self->lock);
}

void dn_connection_bound_buffer(const dn_http_connection *connection) {
    const int bytes = 65536;
    (void)setsockopt(connection->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int dn_connection_is_gone(const dn_http_connection *connection) {
    struct pollfd asked = {.fd = connection->socket, .events = POLLRDHUP};
    return poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
