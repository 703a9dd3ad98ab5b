/* Reads regular files, whole or mapped; writes files atomically; makes folders; joins paths. */
#ifndef DN_BASE_FILE_H
#define DN_BASE_FILE_H

#include "base/digest.h"
#include "base/error.h"

#include <stdio.h>

/* Opens a regular file to read; *size is what it has now. DN_ERROR_IO. */
dn_status dn_file_open(const char *path, int *descriptor, size_t *size, dn_error *error);

/* A read-only view of a whole regular file. */
typedef struct dn_mapped_file {
    const uint8_t *data; /* NULL when the file is empty */
    size_t size;
} dn_mapped_file;

dn_status dn_file_map(const char *path, dn_mapped_file *file, dn_error *error);
void dn_file_unmap(dn_mapped_file *file);

/* Releases the memory of a part of a mapped file. A later access reads it from the file again. */
void dn_file_forget(const void *data, size_t size);

/* Reads a regular file of at most `limit` bytes; *data (dn_release) is zero-terminated past *size.
 */
dn_status dn_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       dn_error *error);

/* SHA-256 and number of a regular file's bytes. If the file changes meanwhile, both are of the
 * bytes that were read. */
dn_status dn_file_digest(const char *path, uint8_t digest[DN_DIGEST_BYTES], uint64_t *size,
                         dn_error *error);

/* A file written atomically: dn_output_commit syncs it to disk and gives it its name. */
typedef struct dn_output {
    FILE *stream; /* write with any stdio function; errors are found at commit */
    char path[1024], temporary[1056];
} dn_output;

dn_status dn_output_open(dn_output *output, const char *path, dn_error *error);

/* Starts writing what there is so far to disk, so that the commit waits less. */
void dn_output_advance(dn_output *output);
dn_status dn_output_commit(dn_output *output, dn_error *error);

/* Removes the temporary file; does nothing after a commit. */
void dn_output_discard(dn_output *output);

/* dn_output in one call. */
dn_status dn_file_write(const char *path, const void *data, size_t size, dn_error *error);

/* All of `size` bytes at `offset` of an open file: whether they could be read or written. errno
 * says why not; reading past the end leaves 0 there. */
int dn_read_at(int descriptor, void *data, size_t size, uint64_t offset);
int dn_write_at(int descriptor, const void *data, size_t size, uint64_t offset);

/* Removes what writers that were killed left in a directory, which must be the caller's alone. */
void dn_output_sweep(const char *directory);

/* Creates a directory and its parents; one that exists is fine. */
dn_status dn_make_directories(const char *path, dn_error *error);

/* directory/name into a buffer of `size` bytes; DN_ERROR_IO when it does not fit. */
dn_status dn_path_join(char *joined, size_t size, const char *directory, const char *name,
                       dn_error *error);

/* The part after the last '/'. */
const char *dn_path_name(const char *path);

#endif
