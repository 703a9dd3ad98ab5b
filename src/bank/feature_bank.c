#include "bank/feature_bank.h"

#include "bank/cache_folder.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, KEY_BYTES = PAGE - DN_DIGEST_BYTES, LONGEST_KEY = 4000, OPEN_ATTEMPTS = 16 };

_Static_assert(DN_BANK_SEGMENT *DN_DIGEST_BYTES == PAGE, "a segment's digests fill a page");

static size_t row_bytes(size_t dimensions) {
    return dimensions * sizeof(float) + DN_DIGEST_BYTES;
}

static uint64_t segment_bytes(size_t rows, size_t dimensions) {
    return PAGE + (uint64_t)DN_BANK_SEGMENT * rows * row_bytes(dimensions);
}

uint64_t dn_feature_bank_bytes(size_t images, size_t rows, size_t dimensions) {
    uint64_t segments = (images + DN_BANK_SEGMENT - 1) / DN_BANK_SEGMENT;
    return PAGE + segments * PAGE + (uint64_t)images * rows * row_bytes(dimensions);
}

static uint64_t segment_at(const dn_feature_bank *bank, size_t record) {
    return PAGE + record / DN_BANK_SEGMENT * segment_bytes(bank->rows, bank->dimensions);
}

static uint64_t digest_at(const dn_feature_bank *bank, size_t record) {
    return segment_at(bank, record) + record % DN_BANK_SEGMENT * DN_DIGEST_BYTES;
}

static uint64_t row_at(const dn_feature_bank *bank, size_t record, size_t row) {
    return segment_at(bank, record) + PAGE +
           (record % DN_BANK_SEGMENT * bank->rows + row) * row_bytes(bank->dimensions);
}

static dn_status fail_errno(const dn_feature_bank *bank, const char *doing, dn_error *error) {
    return dn_fail(error, DN_ERROR_IO, "%s%s: cannot %s: %s", bank->folder, bank->name, doing,
                   errno ? strerror(errno) : "the file ends early");
}

static void digest_row(const dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                       size_t row, const void *features, uint8_t digest[DN_DIGEST_BYTES]) {
    const uint8_t number[4] = {(uint8_t)row, (uint8_t)(row >> 8), (uint8_t)(row >> 16),
                               (uint8_t)(row >> 24)};
    const dn_digest_part parts[] = {{bank->key, DN_DIGEST_BYTES},
                                    {image, DN_DIGEST_BYTES},
                                    {number, sizeof number},
                                    {features, bank->dimensions * sizeof(float)}};
    dn_digest_parts(parts, sizeof parts / sizeof *parts, digest);
}

/* ---- opening ---- */

/* Fills the first page and derives the name from it: one key, one file. */
static void describe_bank(dn_feature_bank *bank, const char *key, uint8_t page[PAGE]) {
    char text[DN_DIGEST_LENGTH + 1];
    memset(page, 0, PAGE);
    memcpy(page, key, strlen(key) + 1);
    dn_digest_parts(&(dn_digest_part){page, KEY_BYTES}, 1, page + KEY_BYTES);
    memcpy(bank->key, page + KEY_BYTES, DN_DIGEST_BYTES);
    dn_digest_print(bank->key, text);
    snprintf(bank->name, sizeof bank->name, "features-%.32s" DN_BANK_SUFFIX, text);
}

static dn_status lock(const dn_feature_bank *bank, dn_error *error) {
    while (flock(bank->descriptor, LOCK_EX) != 0)
        if (errno != EINTR)
            return fail_errno(bank, "lock", error);
    return DN_OK;
}

static void unlock(const dn_feature_bank *bank) {
    flock(bank->descriptor, LOCK_UN);
}

/* Whether `path` still names the open file: another process may have removed it. */
static int is_linked(const dn_feature_bank *bank, const char *path) {
    struct stat open_file, named;
    return fstat(bank->descriptor, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

static dn_status open_locked(dn_feature_bank *bank, const char *path, dn_error *error) {
    struct stat status;
    for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
        bank->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
        if (bank->descriptor < 0)
            return fail_errno(bank, "open", error);
        if (fstat(bank->descriptor, &status) != 0 || !S_ISREG(status.st_mode))
            return dn_fail(error, DN_ERROR_IO, "%s: is not a regular file", path);
        DN_TRY(lock(bank, error));
        if (is_linked(bank, path))
            return DN_OK;
        close(bank->descriptor);
        bank->descriptor = -1;
    }
    return dn_fail(error, DN_ERROR_IO, "%s: is removed whenever it is opened", path);
}

/* If the first page is not exactly ours, the file is new, incomplete or damaged. */
static dn_status check_page(const dn_feature_bank *bank, const uint8_t page[PAGE],
                            dn_error *error) {
    uint8_t found[PAGE];
    if (dn_read_at(bank->descriptor, found, PAGE, 0) && memcmp(found, page, PAGE) == 0)
        return DN_OK;
    if (ftruncate(bank->descriptor, 0) != 0 || !dn_write_at(bank->descriptor, page, PAGE, 0))
        return fail_errno(bank, "write", error);
    return DN_OK;
}

/* Reads the records that were completed since the last call. */
static dn_status refresh(dn_feature_bank *bank, dn_error *error) {
    static const uint8_t none[DN_DIGEST_BYTES];
    for (;;) {
        uint8_t digests[DN_BANK_SEGMENT][DN_DIGEST_BYTES];
        size_t first = bank->index.count, left = DN_BANK_SEGMENT - first % DN_BANK_SEGMENT, i = 0;
        if (!dn_read_at(bank->descriptor, digests, left * DN_DIGEST_BYTES, digest_at(bank, first)))
            return DN_OK;
        for (; i < left && memcmp(digests[i], none, DN_DIGEST_BYTES) != 0; i++)
            DN_TRY(dn_bank_index_add(&bank->index, digests[i], error));
        if (i < left)
            return DN_OK;
    }
}

static dn_status open_file(dn_feature_bank *bank, const char *key, dn_error *error) {
    char path[1024];
    uint8_t page[PAGE];
    void *block;
    describe_bank(bank, key, page);
    DN_TRY(dn_make_directories(bank->folder, error));
    DN_TRY(dn_path_join(path, sizeof path, bank->folder, bank->name, error));
    DN_TRY(open_locked(bank, path, error));
    dn_status status = check_page(bank, page, error);
    unlock(bank);
    DN_TRY(status);
    futimens(bank->descriptor, NULL); /* the time of use, by which banks are removed */
    DN_TRY(dn_allocate(&block, bank->rows, row_bytes(bank->dimensions), error));
    bank->record = block;
    return refresh(bank, error);
}

dn_status dn_feature_bank_open(const char *folder, uint64_t limit, const char *key, size_t rows,
                               size_t dimensions, dn_feature_bank *bank, dn_error *error) {
    *bank =
        (dn_feature_bank){.descriptor = -1, .rows = rows, .dimensions = dimensions, .limit = limit};
    if (strlen(key) > LONGEST_KEY)
        return dn_fail(error, DN_ERROR_ARGUMENT, "feature bank: a key of %zu bytes, at most %d",
                       strlen(key), LONGEST_KEY);
    dn_status status = dn_path_join(bank->folder, sizeof bank->folder, folder, "", error);
    if (status == DN_OK)
        status = open_file(bank, key, error);
    if (status != DN_OK)
        dn_feature_bank_close(bank);
    return status;
}

void dn_feature_bank_close(dn_feature_bank *bank) {
    if (bank->descriptor >= 0)
        close(bank->descriptor);
    dn_bank_index_destroy(&bank->index);
    dn_release(bank->record);
    *bank = (dn_feature_bank){.descriptor = -1};
}

/* ---- records ---- */

int dn_feature_bank_find(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t *record) {
    if (dn_bank_index_find(&bank->index, image, record))
        return 1;
    return refresh(bank, NULL) == DN_OK && dn_bank_index_find(&bank->index, image, record);
}

int dn_feature_bank_read(const dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                         size_t record, size_t row, float *features) {
    uint8_t stored[DN_DIGEST_BYTES], expected[DN_DIGEST_BYTES];
    const struct iovec parts[] = {{features, bank->dimensions * sizeof(float)},
                                  {stored, sizeof stored}};
    ssize_t count, wanted = (ssize_t)row_bytes(bank->dimensions);
    do
        count = preadv(bank->descriptor, parts, 2, (off_t)row_at(bank, record, row));
    while (count < 0 && errno == EINTR);
    if (count != wanted)
        return 0;
    digest_row(bank, image, row, features, expected);
    return memcmp(stored, expected, DN_DIGEST_BYTES) == 0;
}

static void pack_record(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                        const float *features) {
    size_t floats = bank->dimensions * sizeof(float);
    for (size_t row = 0; row < bank->rows; row++) {
        uint8_t *packed = bank->record + row * row_bytes(bank->dimensions);
        memcpy(packed, features + row * bank->dimensions, floats);
        digest_row(bank, image, row, packed, packed + floats);
    }
}

static dn_status append_record(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                               dn_error *error) {
    size_t record = bank->index.count, bytes = bank->rows * row_bytes(bank->dimensions);
    if (record % DN_BANK_SEGMENT == 0)
        DN_TRY(dn_cache_make_room(bank->folder, bank->name,
                                  segment_bytes(bank->rows, bank->dimensions), bank->limit, error));
    if (!dn_write_at(bank->descriptor, bank->record, bytes, row_at(bank, record, 0)) ||
        !dn_write_at(bank->descriptor, image, DN_DIGEST_BYTES, digest_at(bank, record)))
        return fail_errno(bank, "write", error);
    return dn_bank_index_add(&bank->index, image, error);
}

/* An image that has a record keeps it: the record was damaged, or another process stored it
 * first. */
static dn_status store(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                       dn_error *error) {
    size_t record, bytes = bank->rows * row_bytes(bank->dimensions);
    DN_TRY(refresh(bank, error));
    if (!dn_bank_index_find(&bank->index, image, &record))
        return append_record(bank, image, error);
    if (!dn_write_at(bank->descriptor, bank->record, bytes, row_at(bank, record, 0)) ||
        !dn_write_at(bank->descriptor, image, DN_DIGEST_BYTES, digest_at(bank, record)))
        return fail_errno(bank, "write", error);
    return DN_OK;
}

dn_status dn_feature_bank_store(dn_feature_bank *bank, const uint8_t image[DN_DIGEST_BYTES],
                                const float *features, dn_error *error) {
    pack_record(bank, image, features);
    DN_TRY(lock(bank, error));
    dn_status status = store(bank, image, error);
    unlock(bank);
    return status;
}
