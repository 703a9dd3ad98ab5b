/* multipart/form-data (RFC 7578) in memory: finds parts, copies nothing. */
#ifndef DN_STATION_HTTP_MULTIPART_H
#define DN_STATION_HTTP_MULTIPART_H

#include <stddef.h>

enum { DN_PART_NAME = 128, DN_PART_FILE_NAME = 256, DN_PARTS = 64 };

typedef struct dn_part {
    char name[DN_PART_NAME];
    char file_name[DN_PART_FILE_NAME]; /* without folders; "" where there is none */
    const char *data;                  /* within the body */
    size_t size;
} dn_part;

/* What a reader has found wrong, in a word or two; NULL: nothing. */
typedef const char *dn_part_fault;

/* Whether a Content-Type is multipart/form-data. */
int dn_is_multipart(const char *content_type);

/* Passes each part to `take`, which ends the reading by returning 0. A body with more than DN_PARTS
 * parts, or without its closing line, is refused. */
dn_part_fault dn_multipart_read(const char *content_type, const char *body, size_t size,
                                int (*take)(void *user, const dn_part *part), void *user);

#endif
