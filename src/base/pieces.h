/* A file of which a piece is in memory at a time: for large files that are read once, from front to
 * back. One thread at a time. */
#ifndef DN_BASE_PIECES_H
#define DN_BASE_PIECES_H

#include "base/error.h"

typedef struct dn_pieces {
    int descriptor;
    const char *path; /* the caller's, for messages */
    size_t size;      /* of the file when it was opened */
    void *piece;      /* owned: bytes [begin, begin + count) of the file */
    size_t begin, count, capacity;
} dn_pieces;

/* Opens a regular file. DN_ERROR_IO. */
dn_status dn_pieces_open(const char *path, dn_pieces *pieces, dn_error *error);
void dn_pieces_close(dn_pieces *pieces);

/* Bytes [position, position + count) of the file, which has them; they stay until the next call.
 * DN_ERROR_IO where they cannot be read or the file shrank, DN_ERROR_MEMORY. */
dn_status dn_pieces_take(dn_pieces *pieces, size_t position, size_t count, const uint8_t **taken,
                         dn_error *error);

#endif
