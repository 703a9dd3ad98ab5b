/* What tells one content of a file from the next. */
#ifndef DN_PROGRAM_FILE_IDENTITY_H
#define DN_PROGRAM_FILE_IDENTITY_H

#include <stdint.h>
#include <sys/stat.h>

/* No device: its number may differ after a reboot. */
typedef struct dn_file_identity {
    uint64_t inode;
    int64_t size, mtime_ns;
} dn_file_identity;

static inline dn_file_identity dn_identity_of(const struct stat *status) {
    return (dn_file_identity){(uint64_t)status->st_ino, (int64_t)status->st_size,
                              (int64_t)status->st_mtim.tv_sec * 1000000000 +
                                  status->st_mtim.tv_nsec};
}

static inline int dn_identity_equals(const dn_file_identity *a, const dn_file_identity *b) {
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

#endif
