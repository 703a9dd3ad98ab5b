#include "bank/cache_folder.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* XDG_CACHE_HOME counts only as an absolute path (XDG base directory specification). */
dn_status dn_cache_folder(const char *wanted, char *folder, size_t size, dn_error *error) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (wanted[0])
        return dn_path_join(folder, size, wanted, "", error);
    if (cache && cache[0] == '/')
        return dn_path_join(folder, size, cache, "differnet", error);
    if (home && home[0] == '/')
        return dn_path_join(folder, size, home, ".cache/differnet", error);
    return dn_fail(error, DN_ERROR_IO,
                   "no place for the feature cache: neither XDG_CACHE_HOME nor HOME names a "
                   "folder; set cache_dir");
}

/* What a scan of the folder finds. */
typedef struct census {
    uint64_t bytes; /* of all banks */
    char oldest[1024];
    struct timespec time; /* of the last use of `oldest` */
} census;

static int is_bank(const char *name) {
    size_t length = strlen(name), suffix = strlen(DN_BANK_SUFFIX);
    return length > suffix && strcmp(name + length - suffix, DN_BANK_SUFFIX) == 0;
}

static int is_earlier(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static void count_bank(const char *folder, const char *name, const char *own, census *found) {
    char path[1024];
    struct stat status;
    if (dn_path_join(path, sizeof path, folder, name, NULL) != DN_OK || lstat(path, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return;
    found->bytes += (uint64_t)status.st_size;
    if (strcmp(name, own) == 0 || (found->oldest[0] && !is_earlier(status.st_mtim, found->time)))
        return;
    memcpy(found->oldest, path, sizeof path);
    found->time = status.st_mtim;
}

static dn_status look(const char *folder, const char *own, census *found, dn_error *error) {
    *found = (census){0};
    DIR *directory = opendir(folder);
    if (!directory)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open: %s", folder, strerror(errno));
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (is_bank(entry->d_name))
            count_bank(folder, entry->d_name, own, found);
    closedir(directory);
    return DN_OK;
}

dn_status dn_cache_make_room(const char *folder, const char *own, uint64_t bytes, uint64_t limit,
                             dn_error *error) {
    census found;
    for (;;) {
        DN_TRY(look(folder, own, &found, error));
        if (found.bytes <= limit && bytes <= limit - found.bytes)
            return DN_OK;
        if (!found.oldest[0])
            return dn_fail(error, DN_ERROR_IO,
                           "%s: the cache is full: %.1f MiB more exceed the limit of %.1f MiB; set "
                           "a larger cache_limit",
                           folder, (double)bytes / 0x1p20, (double)limit / 0x1p20);
        /* Processes that have it open keep it. Another process may have removed it already. */
        if (unlink(found.oldest) != 0 && errno != ENOENT)
            return dn_fail(error, DN_ERROR_IO, "%s: cannot remove: %s", found.oldest,
                           strerror(errno));
    }
}
