/* libFuzzer target for the reader of multipart/form-data. The first line of the input is the header
 * Content-Type, the rest is the body. Every part must lie within the body. */
#include "station/http/multipart.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct bounds {
    const char *body;
    size_t size;
    int parts;
} bounds;

static int take(void *user, const dn_part *part) {
    bounds *self = user;
    if (part->data < self->body || part->size > self->size ||
        (size_t)(part->data - self->body) > self->size - part->size || ++self->parts > DN_PARTS ||
        strlen(part->name) == 0 || strlen(part->name) >= sizeof part->name ||
        strpbrk(part->file_name, "/\\"))
        abort();
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) : 0, rest = end ? size - length - 1 : 0;
    char *type = end ? malloc(length + 1) : NULL, *body = end ? malloc(rest ? rest : 1) : NULL;
    if (type && body) {
        bounds self = {body, rest, 0};
        memcpy(type, data, length);
        type[length] = '\0';
        memcpy(body, end + 1, rest);
        (void)dn_multipart_read(type, body, rest, take, &self);
    }
    free(type);
    free(body);
    return 0;
}
