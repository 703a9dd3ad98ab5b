/* What is left of memory and disk, from files as the kernel writes them. */
#include "base/resources.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)

static void put(const char *root, const char *name, const char *text) {
    put_file(root, name, text, strlen(text));
}

static const char meminfo[] = "MemTotal:       8388608 kB\nMemFree:          10240 kB\n"
                              "MemAvailable:   4194304 kB\nSwapTotal:      1048576 kB\n"
                              "SwapFree:        524288 kB\n";

static void test_machine(void **state) {
    char *root = temporary_create();
    dn_memory_state memory;
    (void)state;
    assert_int_equal(dn_memory_look(root, &memory), 0);
    assert_int_equal(memory.limit, 0);
    put(root, "proc/meminfo", meminfo);
    assert_int_equal(dn_memory_look(root, &memory), 1);
    assert_int_equal(memory.available, (4096 + 512) * MIB);
    assert_int_equal(memory.limit, (8192 + 1024) * MIB);
    temporary_remove(root);
}

/* The least of the group's limit and its parents'; cache that can be given up is no use of it. */
static void test_groups(void **state) {
    char *root = temporary_create();
    dn_memory_state memory;
    (void)state;
    put(root, "proc/meminfo", meminfo);
    put(root, "proc/self/cgroup", "0::/jobs/train\n");
    put(root, "sys/fs/cgroup/jobs/train/memory.max", "max\n");
    put(root, "sys/fs/cgroup/jobs/train/memory.current", "1048576\n");
    put(root, "sys/fs/cgroup/jobs/memory.max", "2147483648\n");
    put(root, "sys/fs/cgroup/jobs/memory.current", "1073741824\n");
    put(root, "sys/fs/cgroup/jobs/memory.stat", "anon 5\nfile 7\ninactive_file 536870912\n");
    assert_int_equal(dn_memory_look(root, &memory), 1);
    assert_int_equal(memory.limit, 2048 * MIB);
    assert_int_equal(memory.available, (2048 - 1024 + 512) * MIB);
    temporary_remove(root);
}

static void test_old_groups(void **state) {
    char *root = temporary_create();
    dn_memory_state memory;
    (void)state;
    put(root, "proc/meminfo", meminfo);
    put(root, "proc/self/cgroup", "9:cpu:/other\n7:memory:/box\n0::/\n");
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1073741824\n");
    put(root, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", "2147483648\n");
    assert_int_equal(dn_memory_look(root, &memory), 1);
    assert_int_equal(memory.limit, 1024 * MIB);
    assert_int_equal(memory.available, 0);
    temporary_remove(root);
}

static void test_this_process(void **state) {
    dn_memory_state memory;
    (void)state;
    assert_int_equal(dn_memory_look("", &memory), 1);
    assert_true(memory.available <= memory.limit && memory.limit > 0);
    uint64_t before = dn_memory_peak();
    size_t size = 64 * MIB;
    char *block = malloc(size);
    assert_non_null(block);
    memset(block, 1, size);
    assert_true(block[size / 2] == 1);
    assert_true(dn_memory_peak() >= before + size - 4 * MIB);
    free(block);
}

/* A folder that is yet to be made lies where its nearest parent does. */
static void test_disk(void **state) {
    char *root = temporary_create(), path[512];
    uint64_t here, there;
    (void)state;
    assert_int_equal(dn_disk_free(root, &here), 1);
    assert_true(here > 0);
    snprintf(path, sizeof path, "%s/to/be/made", root);
    assert_int_equal(dn_disk_free(path, &there), 1);
    assert_true(there > here / 2 && there < here * 2); /* others write meanwhile */
    assert_int_equal(dn_disk_free("surely/not/there", &there), 1);
    assert_true(there > 0);
    assert_int_equal(dn_disk_free("/surely-not-there", &there), 1);
    temporary_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),    cmocka_unit_test(test_groups),
        cmocka_unit_test(test_old_groups), cmocka_unit_test(test_this_process),
        cmocka_unit_test(test_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
