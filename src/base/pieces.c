#include "base/pieces.h"

#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Smaller pieces would cost a call of the system each. */
enum { LEAST_PIECE = 1 << 16 };

dn_status dn_pieces_open(const char *path, dn_pieces *pieces, dn_error *error) {
    *pieces = (dn_pieces){.path = path};
    return dn_file_open(path, &pieces->descriptor, &pieces->size, error);
}

void dn_pieces_close(dn_pieces *pieces) {
    close(pieces->descriptor);
    dn_release(pieces->piece);
    *pieces = (dn_pieces){.descriptor = -1};
}

static dn_status read_piece(dn_pieces *pieces, size_t position, size_t count, dn_error *error) {
    uint8_t *piece = pieces->piece;
    pieces->begin = position;
    for (pieces->count = 0; pieces->count < count;) {
        ssize_t got = pread(pieces->descriptor, piece + pieces->count, count - pieces->count,
                            (off_t)(position + pieces->count));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dn_fail(error, DN_ERROR_IO, "%s: cannot read: %s", pieces->path,
                           strerror(errno));
        if (got == 0)
            return dn_fail(error, DN_ERROR_IO, "%s: shrank while it was read: %zu of %zu bytes",
                           pieces->path, position + pieces->count, pieces->size);
        pieces->count += (size_t)got;
    }
    return DN_OK;
}

dn_status dn_pieces_take(dn_pieces *pieces, size_t position, size_t count, const uint8_t **taken,
                         dn_error *error) {
    int is_there = position >= pieces->begin && position - pieces->begin <= pieces->count &&
                   count <= pieces->count - (position - pieces->begin);
    if (!is_there) {
        size_t left = pieces->size - position, wanted = count > LEAST_PIECE ? count : LEAST_PIECE;
        wanted = wanted < left ? wanted : left;
        DN_TRY(dn_grow(&pieces->piece, &pieces->capacity, wanted, 1, error));
        DN_TRY(read_piece(pieces, position, wanted, error));
    }
    const uint8_t *piece = pieces->piece; /* NULL: the file is empty */
    *taken = piece ? piece + (position - pieces->begin) : NULL;
    return DN_OK;
}
