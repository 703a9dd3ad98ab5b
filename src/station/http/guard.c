#include "station/http/guard.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

int dn_guard_split_host(const char *text, char *host, size_t size, const char **port) {
    int bracket = text[0] == '[';
    const char *start = text + bracket;
    size_t length = strcspn(start, bracket ? "]" : ":");
    const char *after = start + length + (bracket && start[length] == ']');
    if (length == 0 || length >= size || (bracket && start[length] != ']') ||
        (*after && *after != ':'))
        return 0;
    memcpy(host, start, length);
    host[length] = '\0';
    *port = *after ? after + 1 : "";
    return (*port)[strspn(*port, "0123456789")] == '\0' && !(*after && !**port);
}

int dn_guard_is_loopback(const char *host) {
    struct in_addr four;
    struct in6_addr six;
    if (strcasecmp(host, "localhost") == 0)
        return 1;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* A page of another name that resolves to this machine (DNS rebinding) sends that name. */
static int is_known_host(const dn_guard_head *head) {
    char host[256];
    const char *port;
    if (!dn_guard_split_host(head->host, host, sizeof host, &port))
        return 0;
    for (size_t i = 0; i < head->hosts_count; i++)
        if (strcasecmp(host, head->hosts[i]) == 0)
            return 1;
    return 0;
}

/* Browsers say where a page came from; only this station's own page may ask. */
static int is_own_origin(const dn_guard_head *head) {
    const char *scheme = head->is_tls ? "https://" : "http://";
    size_t length = strlen(scheme);
    return strncasecmp(head->origin, scheme, length) == 0 &&
           strcasecmp(head->origin + length, head->host) == 0;
}

static int is_known_method(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "POST") == 0;
}

int dn_guard_check(const dn_guard_head *head, const char **reason) {
    *reason = NULL;
    if (head->transfer_encoding && head->content_length) {
        *reason = "both Transfer-Encoding and Content-Length";
        return 400;
    }
    if (head->length_count > 1 || head->host_count > 1) {
        *reason = "a header was sent twice: Host or Content-Length";
        return 400;
    }
    if (head->transfer_encoding && strcasecmp(head->transfer_encoding, "chunked") != 0) {
        *reason = "Transfer-Encoding: only chunked is known";
        return 400;
    }
    if (!is_known_method(head->method)) {
        *reason = "expected GET, HEAD or POST";
        return 405;
    }
    if (!head->host) {
        *reason = "the header Host is missing";
        return 400;
    }
    if (!is_known_host(head)) {
        *reason =
            "the header Host names another machine; the configuration's list hosts adds names";
        return 421;
    }
    if (head->origin && !is_own_origin(head)) {
        *reason = "the header Origin is of another site";
        return 403;
    }
    return 0;
}
