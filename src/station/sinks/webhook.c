/* A webhook: each row is the body of a POST. */
#include "station/base/text.h"
#include "station/sinks/courier.h"

#ifdef DN_USE_CURL
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 10 };

typedef struct webhook {
    CURL *curl;
    struct curl_slist *headers;
    char failure[CURL_ERROR_SIZE];
} webhook;

/* The answer's body is not of interest. */
static size_t drop(char *data, size_t size, size_t count, void *user) {
    (void)data;
    (void)user;
    return size * count;
}

static dn_delivery deliver(void *state, const char *row, char trouble[DN_TROUBLE]) {
    webhook *self = state;
    long status = 0;
    curl_easy_setopt(self->curl, CURLOPT_POSTFIELDS, row);
    curl_easy_setopt(self->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(row));
    self->failure[0] = '\0';
    CURLcode code = curl_easy_perform(self->curl);
    if (code != CURLE_OK) {
        snprintf(trouble, DN_TROUBLE, "%.250s",
                 self->failure[0] ? self->failure : curl_easy_strerror(code));
        return DN_UNDELIVERED;
    }
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300)
        return DN_DELIVERED;
    snprintf(trouble, DN_TROUBLE, "the answer is %ld", status);
    /* These say that the row is wrong: sending it again would stop all that follow. */
    return status == 400 || status == 413 || status == 415 || status == 422 ? DN_REFUSED
                                                                            : DN_UNDELIVERED;
}

static void close_webhook(void *state) {
    webhook *self = state;
    curl_slist_free_all(self->headers);
    curl_easy_cleanup(self->curl);
    free(self);
}

static dn_status add_header(webhook *self, const char *header, dn_error *error) {
    struct curl_slist *headers = curl_slist_append(self->headers, header);
    if (!headers)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    self->headers = headers;
    return DN_OK;
}

static dn_status add_token(webhook *self, const char *path, dn_error *error) {
    char header[1100], *token;
    if (!path)
        return DN_OK;
    dn_status status = dn_read_secret(path, &token, error);
    if (status != DN_OK)
        return status;
    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    free(token);
    return add_header(self, header, error);
}

static void set_options(webhook *self, const dn_serve_sink *settings) {
    CURL *curl = self->curl;
    curl_easy_setopt(curl, CURLOPT_URL, settings->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, self->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, self->failure);
    if (settings->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
}

dn_status dn_webhook_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error) {
    webhook *self = calloc(1, sizeof *self);
    if (self)
        self->curl = curl_easy_init();
    if (!self || !self->curl) {
        free(self);
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    }
    dn_status status = add_header(self, "Content-Type: application/json", error);
    if (status == DN_OK)
        status = add_token(self, settings->token_file, error);
    if (status != DN_OK) {
        close_webhook(self);
        return status;
    }
    set_options(self, settings);
    *courier = (dn_courier){.state = self, .deliver = deliver, .close = close_webhook};
    return DN_OK;
}

#else

dn_status dn_webhook_open(const dn_serve_sink *settings, dn_courier *courier, dn_error *error) {
    (void)courier;
    return dn_station_fail(error, DN_ERROR_UNSUPPORTED,
                           "sink %s: this build has no webhooks (libcurl)", settings->name);
}

#endif
