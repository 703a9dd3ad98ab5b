/* Server-sent events. The last ones are remembered, in a ring that every stream reads at its own
 * place; a stream that is too slow loses the oldest and goes on. */
#include "station/http/internal.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 256 };

typedef struct stream {
    struct stream *next, **link;
    dn_events *events;
    struct MHD_Connection *connection;
    dn_connections *connections; /* and its place in them */
    dn_http_connection *client;
    long long at;  /* number of the message that it reads, */
    size_t offset; /* and how much of it was sent */
    int sleeps;
} stream;

struct dn_events {
    pthread_mutex_t lock;
    char *messages[REMEMBERED]; /* message n at n % REMEMBERED; NULL: memory ran out */
    long long next;             /* number of the next message */
    stream *first;
    int closed;
};

dn_events *dn_events_create(void) {
    dn_events *self = calloc(1, sizeof *self);
    if (self) {
        pthread_mutex_init(&self->lock, NULL);
        self->next = 1;
    }
    return self;
}

void dn_events_destroy(dn_events *self) {
    if (!self)
        return;
    for (size_t i = 0; i < REMEMBERED; i++)
        free(self->messages[i]);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static void wake_all(dn_events *self) {
    for (stream *one = self->first; one; one = one->next)
        if (one->sleeps) {
            one->sleeps = 0;
            MHD_resume_connection(one->connection);
        }
}

static void add(dn_events *self, char *message) {
    size_t place = (size_t)(self->next++ % REMEMBERED);
    free(self->messages[place]);
    self->messages[place] = message;
    wake_all(self);
}

void dn_events_publish(dn_events *self, const char *event, const char *text) {
    dn_buffer message = {0};
    pthread_mutex_lock(&self->lock);
    dn_buffer_print(&message, "id: %lld\nevent: %.60s\ndata: ", self->next, event);
    dn_buffer_text(&message, text);
    dn_buffer_text(&message, "\n\n");
    if (message.failed)
        dn_buffer_free(&message);
    add(self, message.data);
    pthread_mutex_unlock(&self->lock);
}

void dn_events_beat(dn_events *self) {
    pthread_mutex_lock(&self->lock);
    if (self->first) /* nobody listens: nothing to find out, and nothing to forget for it */
        add(self, strdup(":\n\n"));
    pthread_mutex_unlock(&self->lock);
}

void dn_events_close(dn_events *self) {
    pthread_mutex_lock(&self->lock);
    self->closed = 1;
    wake_all(self);
    pthread_mutex_unlock(&self->lock);
}

/* Copies what fits of the messages that have not been sent; 0: there are none. */
static size_t copy_messages(stream *self, char *buffer, size_t size) {
    dn_events *events = self->events;
    size_t count = 0;
    if (self->at < events->next - REMEMBERED) {
        self->at = events->next - REMEMBERED;
        self->offset = 0;
    }
    while (count < size && self->at < events->next) {
        const char *message = events->messages[self->at % REMEMBERED];
        size_t left = message ? strlen(message) - self->offset : 0;
        size_t fits = left < size - count ? left : size - count;
        if (fits > 0)
            memcpy(buffer + count, message + self->offset, fits);
        count += fits;
        self->offset += fits;
        if (fits == left) {
            self->at++;
            self->offset = 0;
        }
    }
    return count;
}

/* What was handed over must be sent within the time of an answer; a stream that sleeps has no end.
 */
static void note_progress(stream *self, ssize_t count) {
    dn_connections_enter(self->connections, self->client,
                         count > 0 ? DN_PHASE_ANSWER : DN_PHASE_STREAM);
}

static ssize_t read_stream(void *user, uint64_t position, char *buffer, size_t size) {
    stream *self = user;
    (void)position;
    pthread_mutex_lock(&self->events->lock);
    ssize_t count = (ssize_t)copy_messages(self, buffer, size);
    note_progress(self, count);
    if (count == 0 && self->events->closed)
        count = MHD_CONTENT_READER_END_OF_STREAM;
    else if (count == 0) {
        self->sleeps = 1;
        MHD_suspend_connection(self->connection);
    }
    pthread_mutex_unlock(&self->events->lock);
    return count;
}

static void free_stream(void *user) {
    stream *self = user;
    pthread_mutex_lock(&self->events->lock);
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    pthread_mutex_unlock(&self->events->lock);
    free(self);
}

struct MHD_Response *dn_events_response(dn_exchange *exchange) {
    enum { BLOCK = 16384 };
    dn_events *self = exchange->server->events;
    long long last_id = exchange->last_id;
    stream *one = calloc(1, sizeof *one);
    if (!one)
        return NULL;
    pthread_mutex_lock(&self->lock);
    one->events = self;
    one->connection = exchange->connection;
    one->connections = &exchange->server->connections;
    one->client = exchange->link;
    one->at = last_id >= 0 && last_id < self->next ? last_id + 1 : self->next;
    one->next = self->first;
    one->link = &self->first;
    if (self->first)
        self->first->link = &one->next;
    self->first = one;
    pthread_mutex_unlock(&self->lock);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, one, free_stream);
    if (!response)
        free_stream(one);
    return response;
}
