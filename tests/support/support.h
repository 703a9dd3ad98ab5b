/* Shared by all tests: cmocka, reference fixtures, comparisons, temporary folders. */
#ifndef DN_TESTS_SUPPORT_H
#define DN_TESTS_SUPPORT_H

#include "differnet_tools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka's own exit status is the number of failed tests: a skipped test looks like a passed one.
 * With these two, a program exits with 0 when its tests passed, 1 when one failed and 77 (CTest's
 * SKIP_RETURN_CODE) when all were skipped. One that skipped some prints "skipped: N of M tests",
 * which ./run counts. */
#undef skip
#define skip() (note_skip(), _skip(__FILE__, __LINE__))
void note_skip(void);
#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, set_up, tear_down)                                           \
    run_counting_skips(#tests, tests, sizeof(tests) / sizeof *(tests), set_up, tear_down)
int run_counting_skips(const char *group, const struct CMUnitTest *tests, size_t count,
                       CMFixtureFunction set_up, CMFixtureFunction tear_down);

/* Whether the build for another processor runs under an emulator: some five hundred times slower,
 * in a process whose memory is mostly the emulator's. DN_EMULATED in the environment says so. */
int is_emulated(void);

/* A safetensors file below tests/fixtures/, written by tests/reference/. The tests read it without
 * the product's reader, which they test. Any failure fails the test. */
typedef struct fixture fixture;
fixture *fixture_open(const char *name);
void fixture_close(fixture *file);
/* F32 or U8 or I64 values in place; `count` (may be NULL) receives their number. */
const float *fixture_floats(const fixture *file, const char *tensor, size_t *count);
const uint8_t *fixture_bytes(const fixture *file, const char *tensor, size_t *count);
const int64_t *fixture_integers(const fixture *file, const char *tensor, size_t *count);
/* Extent of dimension `axis`. */
size_t fixture_extent(const fixture *file, const char *tensor, int axis);
int fixture_has(const fixture *file, const char *tensor);

/* |actual - expected| <= atol + rtol * |expected| for every item, else the message names the worst.
 */
void assert_close(const char *what, const float *actual, const float *expected, size_t count,
                  double atol, double rtol);

/* `count` numbers, uniform in [-scale, scale): what tests/reference/reference_network.py calls
 * pseudo(count, seed, scale). */
void pseudo_floats(float *values, size_t count, uint32_t seed, double scale);

/* Limits the length of files that are written, as on a full disk, until disk_clear. */
void disk_fill(size_t bytes);
void disk_clear(void);

/* Creates a temporary folder; temporary_remove deletes it with its contents. */
char *temporary_create(void);
void temporary_remove(char *folder);

/* Writes a file below a folder and creates its parents; returns its path (static buffer). */
const char *put_file(const char *folder, const char *name, const void *data, size_t size);

/* The same with a PNM image: `pixels` is u8 [height][width][channels], with 1 channel or 3. */
const char *put_image(const char *folder, const char *name, int width, int height, int channels,
                      const uint8_t *pixels);

/* The whole file, with a 0 after it; free(). `size` may be NULL. */
char *get_file(const char *path, size_t *size);

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if ((call) != DN_OK)                                                                       \
            fail_msg("%s: %s", #call, error.message);                                              \
    } while (0)

/* `call` fails with `expected` and a message that holds `part`. Both need `dn_error error` in
 * scope. */
#define assert_fails(call, expected, part)                                                         \
    do {                                                                                           \
        error = (dn_error){0};                                                                     \
        assert_int_equal((call), (expected));                                                      \
        assert_int_equal(error.status, (expected));                                                \
        if (!strstr(error.message, (part)))                                                        \
            fail_msg("\"%s\" is not in the message: %s", (part), error.message);                   \
    } while (0)

#endif
