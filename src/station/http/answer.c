#include "station/http/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static dn_exchange *exchange_of(const dn_http_request *request) {
    return request->own;
}

void dn_http_answer(dn_http_request *request, int status, const char *content_type,
                    dn_buffer *body) {
    dn_exchange *exchange = exchange_of(request);
    dn_buffer_free(&exchange->body);
    if (body->failed) {
        dn_buffer_free(body);
        dn_http_problem(request, 503, "out of memory");
        return;
    }
    exchange->status = status;
    exchange->content_type = content_type;
    exchange->body = *body;
    exchange->fixed = NULL;
    *body = (dn_buffer){0};
}

void dn_http_answer_static(dn_http_request *request, const char *content_type, const char *body,
                           size_t size) {
    dn_exchange *exchange = exchange_of(request);
    exchange->status = 200;
    exchange->content_type = content_type;
    exchange->fixed = body;
    exchange->fixed_size = size;
}

static const char *title_of(int status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void dn_http_problem(dn_http_request *request, int status, const char *format, ...) {
    char detail[1200];
    dn_exchange *exchange = exchange_of(request);
    dn_buffer body = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    dn_buffer_print(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
                    title_of(status), status);
    dn_buffer_json(&body, detail);
    if (request->route && strncmp(request->route->pattern, "/v2", 3) == 0) {
        dn_buffer_text(&body, ",\"error\":"); /* where that protocol's clients look */
        dn_buffer_json(&body, detail);
    }
    dn_buffer_text(&body, "}\n");
    exchange->header_count = 0;
    if (body.failed) { /* an answer without a body needs no memory */
        dn_buffer_free(&body);
        dn_http_answer_static(request, "application/problem+json", "{}", 2);
        exchange->status = 503;
    } else
        dn_http_answer(request, status, "application/problem+json", &body);
    if (status == 503 || status == 429)
        dn_http_add_header(request, "Retry-After", status == 503 ? "1" : "60");
    if (status == 401)
        dn_http_add_header(request, "WWW-Authenticate", "Bearer");
}

void dn_http_add_header(dn_http_request *request, const char *name, const char *value) {
    dn_exchange *exchange = exchange_of(request);
    if (exchange->header_count >= DN_ANSWER_HEADERS)
        return;
    dn_answer_header *header = &exchange->headers[exchange->header_count++];
    header->name = name;
    snprintf(header->value, sizeof header->value, "%s", value);
}

void dn_http_answer_events(dn_http_request *request, long long last_id) {
    dn_exchange *exchange = exchange_of(request);
    exchange->status = 200;
    exchange->content_type = "text/event-stream";
    exchange->is_stream = 1;
    exchange->last_id = last_id;
}

/* ---- sending ---- */

static struct MHD_Response *make_response(dn_exchange *self) {
    if (self->is_stream && strcmp(self->method, "HEAD") != 0) {
        dn_connection_bound_buffer(self->link);
        return dn_events_response(self);
    }
    if (self->fixed)
        return MHD_create_response_from_buffer(self->fixed_size, dn_not_const(self->fixed),
                                               MHD_RESPMEM_PERSISTENT);
    /* The exchange keeps the body until the request has been completed. */
    return MHD_create_response_from_buffer(self->body.length, self->body.data,
                                           MHD_RESPMEM_PERSISTENT);
}

static void add_headers(const dn_exchange *self, struct MHD_Response *response) {
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Type", self->content_type);
    for (size_t i = 0; i < self->header_count; i++)
        MHD_add_response_header(response, self->headers[i].name, self->headers[i].value);
    if (self->early) /* the body that may still come is not read */
        MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result dn_answer_send(dn_exchange *self) {
    struct MHD_Response *response = make_response(self);
    if (!response)
        return MHD_NO;
    add_headers(self, response);
    dn_connections_enter(&self->server->connections, self->link,
                         self->is_stream ? DN_PHASE_STREAM : DN_PHASE_ANSWER);
    enum MHD_Result result = MHD_queue_response(self->connection, (unsigned)self->status, response);
    MHD_destroy_response(response);
    return result;
}
