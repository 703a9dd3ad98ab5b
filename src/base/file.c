#include "base/file.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static dn_status fail_errno(dn_error *error, const char *doing, const char *path) {
    return dn_fail(error, DN_ERROR_IO, "%s: cannot %s: %s", path, doing, strerror(errno));
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
dn_status dn_file_open(const char *path, int *descriptor, size_t *size, dn_error *error) {
    struct stat status;
    *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor < 0)
        return fail_errno(error, "open", path);
    if (fstat(*descriptor, &status) != 0) {
        fail_errno(error, "examine", path);
        close(*descriptor);
        return DN_ERROR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        close(*descriptor);
        return dn_fail(error, DN_ERROR_IO, "%s: is not a regular file%s", path,
                       S_ISDIR(status.st_mode) ? " but a directory" : "");
    }
    *size = (size_t)status.st_size;
    return DN_OK;
}

dn_status dn_file_map(const char *path, dn_mapped_file *file, dn_error *error) {
    int descriptor;
    *file = (dn_mapped_file){0};
    DN_TRY(dn_file_open(path, &descriptor, &file->size, error));
    if (file->size > 0) {
        void *data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (data == MAP_FAILED) {
            fail_errno(error, "map", path);
            close(descriptor);
            *file = (dn_mapped_file){0};
            return DN_ERROR_IO;
        }
        file->data = data;
    }
    close(descriptor);
    return DN_OK;
}

void dn_file_unmap(dn_mapped_file *file) {
    if (file->data)
        munmap((void *)file->data, file->size);
    *file = (dn_mapped_file){0};
}

void dn_file_forget(const void *data, size_t size) {
    size_t before = (uintptr_t)data % (uintptr_t)sysconf(_SC_PAGESIZE); /* on the same page */
    if (size > 0)
        madvise((uint8_t *)data - before, before + size, MADV_DONTNEED);
}

static dn_status read_all(int descriptor, const char *path, uint8_t *data, size_t size,
                          dn_error *error) {
    for (size_t done = 0; done < size;) {
        ssize_t count = read(descriptor, data + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(error, "read", path);
        if (count == 0)
            return dn_fail(error, DN_ERROR_IO, "%s: shrank while it was read: %zu of %zu bytes",
                           path, done, size);
        done += (size_t)count;
    }
    return DN_OK;
}

static dn_status read_descriptor(int descriptor, const char *path, size_t limit, size_t size,
                                 uint8_t **data, dn_error *error) {
    void *block;
    if (size > limit)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has %zu bytes, the limit is %zu", path, size,
                       limit);
    DN_TRY(dn_allocate(&block, size + 1, 1, error));
    dn_status status = read_all(descriptor, path, block, size, error);
    if (status == DN_OK)
        *data = block;
    else
        dn_release(block);
    return status;
}

dn_status dn_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       dn_error *error) {
    int descriptor;
    *data = NULL;
    DN_TRY(dn_file_open(path, &descriptor, size, error));
    dn_status status = read_descriptor(descriptor, path, limit, *size, data, error);
    close(descriptor);
    return status;
}

static dn_status add_all(int descriptor, const char *path, dn_digest *digest, uint64_t *size,
                         dn_error *error) {
    uint8_t piece[1 << 16];
    for (*size = 0;;) {
        ssize_t count = read(descriptor, piece, sizeof piece);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(error, "read", path);
        if (count == 0)
            return DN_OK;
        dn_digest_add(digest, piece, (size_t)count);
        *size += (uint64_t)count;
    }
}

dn_status dn_file_digest(const char *path, uint8_t digest[DN_DIGEST_BYTES], uint64_t *size,
                         dn_error *error) {
    int descriptor;
    size_t expected;
    dn_digest *running;
    DN_TRY(dn_file_open(path, &descriptor, &expected, error));
    dn_status status = dn_digest_begin(&running, error);
    if (status == DN_OK) {
        status = add_all(descriptor, path, running, size, error);
        dn_digest_end_bytes(running, digest);
    }
    close(descriptor);
    return status;
}

dn_status dn_output_open(dn_output *output, const char *path, dn_error *error) {
    static atomic_uint serial; /* two threads may write a file of the same name */
    *output = (dn_output){0};
    int length = snprintf(output->path, sizeof output->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof output->path)
        return dn_fail(error, DN_ERROR_IO, "%.200s...: the path is too long", path);
    snprintf(output->temporary, sizeof output->temporary, "%s.tmp-%ld-%u", path, (long)getpid(),
             atomic_fetch_add(&serial, 1));
    int descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return fail_errno(error, "create", path);
    output->stream = fdopen(descriptor, "wb");
    if (!output->stream) {
        fail_errno(error, "create", path);
        close(descriptor);
        unlink(output->temporary);
        return DN_ERROR_IO;
    }
    return DN_OK;
}

void dn_output_sweep(const char *directory) {
    char path[1024];
    DIR *listing = opendir(directory);
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (strstr(entry->d_name, ".tmp-") &&
            dn_path_join(path, sizeof path, directory, entry->d_name, NULL) == DN_OK)
            unlink(path);
    if (listing)
        closedir(listing);
}

void dn_output_advance(dn_output *output) {
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(fileno(output->stream), 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)output;
#endif
}

dn_status dn_output_commit(dn_output *output, dn_error *error) {
    int failed =
        ferror(output->stream) || fflush(output->stream) != 0 || fsync(fileno(output->stream)) != 0;
    if (failed) {
        fail_errno(error, "write", output->path);
        dn_output_discard(output);
        return DN_ERROR_IO;
    }
    failed = fclose(output->stream) != 0;
    output->stream = NULL;
    if (failed || rename(output->temporary, output->path) != 0) {
        fail_errno(error, "write", output->path);
        unlink(output->temporary);
        return DN_ERROR_IO;
    }
    return DN_OK;
}

void dn_output_discard(dn_output *output) {
    if (!output->stream)
        return;
    fclose(output->stream);
    unlink(output->temporary);
    output->stream = NULL;
}

dn_status dn_file_write(const char *path, const void *data, size_t size, dn_error *error) {
    dn_output output;
    DN_TRY(dn_output_open(&output, path, error));
    fwrite(data, 1, size, output.stream);
    return dn_output_commit(&output, error);
}

int dn_read_at(int descriptor, void *data, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t count =
            pread(descriptor, (uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = 0;
        if (count <= 0)
            return 0;
        done += (size_t)count;
    }
    return 1;
}

int dn_write_at(int descriptor, const void *data, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t count =
            pwrite(descriptor, (const uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        done += (size_t)count;
    }
    return 1;
}

static int make_directory(const char *path) {
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return 1;
    int reason = errno;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return 1;
    errno = reason;
    return 0;
}

dn_status dn_make_directories(const char *path, dn_error *error) {
    char parent[1024];
    DN_TRY(dn_path_join(parent, sizeof parent, path, "", error));
    for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_directory(parent))
            return fail_errno(error, "create the directory", parent);
        *slash = '/';
    }
    return DN_OK;
}

dn_status dn_path_join(char *joined, size_t size, const char *directory, const char *name,
                       dn_error *error) {
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    int written = snprintf(joined, size, "%s%s%s", directory, slash, name);
    if (written < 0 || (size_t)written >= size)
        return dn_fail(error, DN_ERROR_IO, "%.200s/%.200s: the path is longer than %zu bytes",
                       directory, name, size - 1);
    return DN_OK;
}

const char *dn_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
