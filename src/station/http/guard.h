/* What a request's head must be before anything looks at what it asks for. */
#ifndef DN_STATION_HTTP_GUARD_H
#define DN_STATION_HTTP_GUARD_H

#include <stddef.h>

typedef struct dn_guard_head {
    const char *method;
    const char *host, *origin, *transfer_encoding, *content_length; /* NULL: not sent */
    size_t host_count, length_count; /* how often the header was sent */
    const char *const *hosts;        /* names that Host may have, without a port */
    size_t hosts_count;
    int is_tls;
} dn_guard_head;

/* The status to refuse it with, and why; 0: it may pass. */
int dn_guard_check(const dn_guard_head *head, const char **reason);

/* "127.0.0.1:8080" and "[::1]:8080" apart; `host` without its brackets. Returns 0 if it is none. */
int dn_guard_split_host(const char *text, char *host, size_t size, const char **port);

/* Whether an address or name is this machine alone: 127.0.0.0/8, ::1, localhost. */
int dn_guard_is_loopback(const char *host);

#endif
