/* base/file under a system that fails: short reads, interrupted calls, EIO, no mapping, no sync, no
 * rename. The linker puts __wrap_... before the calls (tests/CMakeLists.txt). */
#include "base/file.h"
#include "base/memory.h"
#include "support/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the next calls do; 0: as the system does. */
static struct faults {
    int read_error, reads_before; /* errno of read after so many good ones */
    size_t read_most;             /* bytes a read gives at most */
    int interruptions;            /* EINTR so many times first */
    size_t claimed_size;          /* what fstat says */
    int map_error, stat_error, sync_error, rename_error;
} faults;

ssize_t __real_read(int descriptor, void *data, size_t size);
ssize_t __wrap_read(int descriptor, void *data, size_t size);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_fstat(int descriptor, struct stat *status);
int __wrap_fstat(int descriptor, struct stat *status);
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static int fails(int reason) {
    errno = reason;
    return reason != 0;
}

ssize_t __wrap_read(int descriptor, void *data, size_t size) {
    if (faults.interruptions > 0 && faults.interruptions-- > 0 && fails(EINTR))
        return -1;
    if (faults.read_error && faults.reads_before-- == 0 && fails(faults.read_error))
        return -1;
    return __real_read(descriptor, data,
                       faults.read_most && faults.read_most < size ? faults.read_most : size);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    if (fails(faults.map_error))
        return MAP_FAILED;
    return __real_mmap(address, size, protection, flags, file, offset);
}

int __wrap_fstat(int descriptor, struct stat *status) {
    if (fails(faults.stat_error))
        return -1;
    int result = __real_fstat(descriptor, status);
    if (faults.claimed_size)
        status->st_size = (off_t)faults.claimed_size;
    return result;
}

int __wrap_fsync(int descriptor) {
    return fails(faults.sync_error) ? -1 : __real_fsync(descriptor);
}

int __wrap_rename(const char *from, const char *to) {
    return fails(faults.rename_error) ? -1 : __real_rename(from, to);
}

typedef struct scene {
    char *folder;
    char path[256];
} scene;

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    snprintf(self->path, sizeof self->path, "%s", put_file(self->folder, "file", "contents", 8));
    faults = (struct faults){0};
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    faults = (struct faults){0};
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static void assert_reads_whole(scene *self) {
    dn_error error = {0};
    uint8_t *data;
    size_t size;
    assert_ok(dn_file_read(self->path, 100, &data, &size, &error));
    assert_int_equal(size, 8);
    assert_string_equal((char *)data, "contents");
    dn_release(data);
}

static void test_short_and_interrupted_reads(void **state) {
    faults.read_most = 1;
    assert_reads_whole(*state);
    faults.interruptions = 3;
    assert_reads_whole(*state);
}

static void test_failing_reads(void **state) {
    scene *self = *state;
    dn_error error = {0};
    uint8_t *data;
    size_t size;
    for (int before = 0; before < 8; before++) {
        faults = (struct faults){.read_error = EIO, .reads_before = before, .read_most = 1};
        assert_fails(dn_file_read(self->path, 100, &data, &size, &error), DN_ERROR_IO,
                     "file: cannot read: Input/output error");
        assert_null(data);
    }
}

/* A file that another process cuts between fstat and read. */
static void test_a_file_that_shrinks(void **state) {
    scene *self = *state;
    dn_error error = {0};
    uint8_t *data;
    size_t size;
    faults.claimed_size = 20;
    assert_fails(dn_file_read(self->path, 100, &data, &size, &error), DN_ERROR_IO,
                 "file: shrank while it was read: 8 of 20 bytes");
    assert_null(data);
}

static void test_no_mapping(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_mapped_file file;
    faults.map_error = ENOMEM;
    assert_fails(dn_file_map(self->path, &file, &error), DN_ERROR_IO,
                 "file: cannot map: Cannot allocate memory");
    assert_null(file.data);
    faults = (struct faults){.stat_error = EIO};
    assert_fails(dn_file_map(self->path, &file, &error), DN_ERROR_IO, "cannot examine");
}

/* The old contents stay, and no temporary file is left. */
static void assert_old_file_alone(scene *self) {
    char command[512];
    faults = (struct faults){0};
    assert_reads_whole(self);
    snprintf(command, sizeof command, "test \"$(ls -A '%s')\" = file", self->folder);
    assert_int_equal(system(command), 0);
}

static void test_failing_writes(void **state) {
    static const struct faults kinds[] = {{.sync_error = EIO},
                                          {.sync_error = ENOSPC},
                                          {.rename_error = EIO},
                                          {.rename_error = EROFS}};
    scene *self = *state;
    dn_error error = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        faults = kinds[i];
        assert_fails(dn_file_write(self->path, "new", 3, &error), DN_ERROR_IO,
                     "file: cannot write: ");
        assert_non_null(
            strstr(error.message, strerror(kinds[i].sync_error + kinds[i].rename_error)));
        assert_old_file_alone(self);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_short_and_interrupted_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_shrinks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_writes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
