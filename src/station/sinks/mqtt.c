/* An MQTT broker: each row is a message of quality 1, which the broker confirms; a retained status
 * says whether the station is there, and the last will takes it back. */
#include "station/base/text.h"
#include "station/sinks/courier.h"

#ifdef DN_USE_MOSQUITTO
#include <cjson/cJSON.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_ALIVE = 30, SECONDS = 10, STEP_MS = 100, TOPIC = 512 };

typedef struct mqtt {
    struct mosquitto *client;
    char *host, *topic;
    char status_topic[TOPIC];
    int port, is_connected, is_accepted;
    int confirmed; /* the message that the broker confirmed last */
} mqtt;

static void start_library(void) {
    mosquitto_lib_init();
}

static void on_connect(struct mosquitto *client, void *user, int code) {
    mqtt *self = user;
    self->is_accepted = code == 0;
    if (self->is_accepted)
        mosquitto_publish(client, NULL, self->status_topic, 6, "online", 1, true);
}

static void on_disconnect(struct mosquitto *client, void *user, int code) {
    mqtt *self = user;
    (void)client;
    (void)code;
    self->is_connected = self->is_accepted = 0;
}

static void on_publish(struct mosquitto *client, void *user, int number) {
    (void)client;
    ((mqtt *)user)->confirmed = number;
}

static dn_delivery fail(char trouble[DN_TROUBLE], const char *text) {
    snprintf(trouble, DN_TROUBLE, "%.250s", text);
    return DN_UNDELIVERED;
}

/* Lets the client work for a moment; 0: the connection is lost. */
static int step(mqtt *self, int milliseconds) {
    if (self->is_connected && mosquitto_loop(self->client, milliseconds, 1) != MOSQ_ERR_SUCCESS)
        self->is_connected = self->is_accepted = 0;
    return self->is_connected;
}

static int connect_to(mqtt *self, char trouble[DN_TROUBLE]) {
    if (!self->is_connected) {
        int code = mosquitto_connect(self->client, self->host, self->port, KEEP_ALIVE);
        self->is_connected = code == MOSQ_ERR_SUCCESS;
        if (!self->is_connected)
            fail(trouble, mosquitto_strerror(code));
    }
    double until = dn_steady_seconds() + SECONDS;
    while (self->is_connected && !self->is_accepted && dn_steady_seconds() < until)
        step(self, STEP_MS);
    if (self->is_connected && !self->is_accepted)
        fail(trouble, "the broker does not accept the connection");
    return self->is_accepted;
}

/* Replaces {model} and {verdict}. Characters with a meaning in topics become "_". */
static void fill_topic(const char *pattern, const char *row, char topic[TOPIC]) {
    static const char *const names[] = {"model", "verdict"};
    cJSON *object = cJSON_Parse(row);
    snprintf(topic, TOPIC, "%s", pattern);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char hole[16], filled[TOPIC];
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, names[i]);
        snprintf(hole, sizeof hole, "{%s}", names[i]);
        char *place = strstr(topic, hole);
        if (!place)
            continue;
        snprintf(filled, sizeof filled, "%.*s%.64s%.300s", (int)(place - topic), topic,
                 cJSON_IsString(item) ? item->valuestring : "NONE", place + strlen(hole));
        memcpy(topic, filled, sizeof filled);
    }
    for (char *at = topic; *at; at++)
        if (*at == '+' || *at == '#')
            *at = '_';
    cJSON_Delete(object);
}

static dn_delivery deliver(void *state, const char *row, char trouble[DN_TROUBLE]) {
    mqtt *self = state;
    char topic[TOPIC];
    int number = 0;
    if (!connect_to(self, trouble))
        return *trouble ? DN_UNDELIVERED : fail(trouble, "the connection was lost");
    fill_topic(self->topic, row, topic);
    int code = mosquitto_publish(self->client, &number, topic, (int)strlen(row), row, 1, false);
    if (code == MOSQ_ERR_INVAL || code == MOSQ_ERR_PAYLOAD_SIZE ||
        code == MOSQ_ERR_MALFORMED_UTF8) {
        fail(trouble, mosquitto_strerror(code));
        return DN_REFUSED;
    }
    double until = dn_steady_seconds() + SECONDS;
    while (code == MOSQ_ERR_SUCCESS && self->confirmed != number && dn_steady_seconds() < until)
        if (!step(self, STEP_MS))
            break;
    if (code == MOSQ_ERR_SUCCESS && self->confirmed == number)
        return DN_DELIVERED;
    /* The client would send it again by itself, after others: it is begun anew instead. */
    mosquitto_disconnect(self->client);
    self->is_connected = self->is_accepted = 0;
    return fail(trouble, code == MOSQ_ERR_SUCCESS ? "the broker did not confirm a message"
                                                  : mosquitto_strerror(code));
}

/* Keeps the connection alive, and the status true, while nothing is sent. */
static void idle(void *state) {
    mqtt *self = state;
    char trouble[DN_TROUBLE] = "";
    if (self->is_connected)
        step(self, 0);
    else
        (void)connect_to(self, trouble);
}

static void close_mqtt(void *state) {
    mqtt *self = state;
    if (self->is_accepted) {
        mosquitto_publish(self->client, NULL, self->status_topic, 7, "offline", 1, true);
        for (int i = 0; i < 5; i++)
            step(self, STEP_MS);
        mosquitto_disconnect(self->client);
    }
    if (self->client)
        mosquitto_destroy(self->client);
    free(self->host);
    free(self->topic);
    free(self);
}

static dn_status set_password(mqtt *self, const dn_serve_sink *settings, dn_error *error) {
    char *password = NULL;
    if (!settings->user)
        return DN_OK;
    dn_status status =
        settings->password_file ? dn_read_secret(settings->password_file, &password, error) : DN_OK;
    if (status == DN_OK &&
        mosquitto_username_pw_set(self->client, settings->user, password) != MOSQ_ERR_SUCCESS)
        status = dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    free(password);
    return status;
}

static dn_status set_options(mqtt *self, const dn_serve_sink *settings, dn_error *error) {
    snprintf(self->status_topic, sizeof self->status_topic, "differnet/%s/status",
             settings->client_id ? settings->client_id : settings->name);
    mosquitto_connect_callback_set(self->client, on_connect);
    mosquitto_disconnect_callback_set(self->client, on_disconnect);
    mosquitto_publish_callback_set(self->client, on_publish);
    if (mosquitto_will_set(self->client, self->status_topic, 7, "offline", 1, true) !=
        MOSQ_ERR_SUCCESS)
        return dn_station_fail(error, DN_ERROR_CONFIG, "sink %s: no topic \"%.200s\"",
                               settings->name, self->status_topic);
    if (settings->ca_file && mosquitto_tls_set(self->client, settings->ca_file, NULL, NULL, NULL,
                                               NULL) != MOSQ_ERR_SUCCESS)
        return dn_station_fail(error, DN_ERROR_CONFIG, "sink %s: ca_file %.300s: cannot be used",
                               settings->name, settings->ca_file);
    return set_password(self, settings, error);
}

static char *copy_or(const char *text, const char *otherwise) {
    const char *chosen = text ? text : otherwise;
    return dn_station_copy(chosen, strlen(chosen));
}

dn_status dn_mqtt_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error) {
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    mqtt *self = calloc(1, sizeof *self);
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    pthread_once(&started, start_library);
    self->port = settings->port ? settings->port : settings->ca_file ? 8883 : 1883;
    self->host = copy_or(settings->host, "");
    self->topic = copy_or(settings->topic, "differnet/{model}/inspection");
    self->client =
        mosquitto_new(settings->client_id ? settings->client_id : settings->name, true, self);
    dn_status status = self->host && self->topic && self->client
                           ? set_options(self, settings, error)
                           : dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    if (status == DN_OK)
        *courier =
            (dn_courier){.state = self, .deliver = deliver, .idle = idle, .close = close_mqtt};
    else
        close_mqtt(self);
    return status;
}

#else

dn_status dn_mqtt_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error) {
    (void)courier;
    return dn_station_fail(error, DN_ERROR_UNSUPPORTED,
                           "sink %s: this build has no MQTT (libmosquitto)", settings->name);
}

#endif
