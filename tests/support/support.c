#include "support/support.h"

#include <cJSON.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int is_emulated(void) {
    return getenv("DN_EMULATED") != NULL;
}

static size_t skipped_tests;

void note_skip(void) {
    skipped_tests++;
}

int run_counting_skips(const char *group, const struct CMUnitTest *tests, size_t count,
                       CMFixtureFunction set_up, CMFixtureFunction tear_down) {
    enum { PASSED, FAILED, SKIPPED = 77 };
    skipped_tests = 0;
    if (_cmocka_run_group_tests(group, tests, count, set_up, tear_down) != 0)
        return FAILED;
    if (skipped_tests == count)
        return SKIPPED;
    if (skipped_tests > 0)
        printf("skipped: %zu of %zu tests\n", skipped_tests, count);
    return PASSED;
}

struct fixture {
    uint8_t *bytes, *data;
    cJSON *header;
    char name[256];
};

fixture *fixture_open(const char *name) {
    fixture *file = calloc(1, sizeof *file);
    char path[1024];
    snprintf(file->name, sizeof file->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", DN_FIXTURES, name);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        fail_msg("%s: missing fixture", path);
    fseek(stream, 0, SEEK_END);
    size_t size = (size_t)ftell(stream);
    rewind(stream);
    file->bytes = aligned_alloc(64, (size + 127) / 64 * 64);
    uint64_t header = 0;
    if (fread(&header, 1, 8, stream) != 8)
        fail_msg("%s: no header", path);
    /* The tensors begin at an address that is aligned for int64. */
    if (fread(file->bytes, 1, size - 8, stream) != size - 8)
        fail_msg("%s: short read", path);
    fclose(stream);
    file->header = cJSON_ParseWithLength((const char *)file->bytes, (size_t)header);
    if (!file->header)
        fail_msg("%s: no JSON header", path);
    memmove(file->bytes, file->bytes + header, size - 8 - (size_t)header);
    file->data = file->bytes;
    return file;
}

void fixture_close(fixture *file) {
    cJSON_Delete(file->header);
    free(file->bytes);
    free(file);
}

static const void *find(const fixture *file, const char *tensor, const char *dtype, size_t width,
                        size_t *count) {
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(file->header, tensor);
    if (!entry)
        fail_msg("%s: no tensor %s", file->name, tensor);
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const char *found = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    if (!found || strcmp(found, dtype) != 0)
        fail_msg("%s: %s is %s, not %s", file->name, tensor, found ? found : "?", dtype);
    size_t begin = (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(offsets, 0));
    size_t end = (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(offsets, 1));
    if (count)
        *count = (end - begin) / width;
    return file->data + begin;
}

const float *fixture_floats(const fixture *file, const char *tensor, size_t *count) {
    return find(file, tensor, "F32", 4, count);
}

const uint8_t *fixture_bytes(const fixture *file, const char *tensor, size_t *count) {
    return find(file, tensor, "U8", 1, count);
}

const int64_t *fixture_integers(const fixture *file, const char *tensor, size_t *count) {
    return find(file, tensor, "I64", 8, count);
}

int fixture_has(const fixture *file, const char *tensor) {
    return cJSON_GetObjectItemCaseSensitive(file->header, tensor) != NULL;
}

size_t fixture_extent(const fixture *file, const char *tensor, int axis) {
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(file->header, tensor);
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    if (!shape || axis >= cJSON_GetArraySize(shape))
        fail_msg("%s: %s has no axis %d", file->name, tensor, axis);
    return (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(shape, axis));
}

void assert_close(const char *what, const float *actual, const float *expected, size_t count,
                  double atol, double rtol) {
    size_t worst = 0, wrong = 0;
    double excess = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)actual[i] - (double)expected[i]);
        double allowed = atol + rtol * fabs((double)expected[i]);
        if (difference <= allowed)
            continue;
        wrong++;
        if (!(difference - allowed <= excess)) {
            excess = difference - allowed;
            worst = i;
        }
    }
    if (wrong)
        fail_msg("%s: %zu of %zu differ; worst at %zu: %.9g, expected %.9g (atol %g, rtol %g)",
                 what, wrong, count, worst, (double)actual[worst], (double)expected[worst], atol,
                 rtol);
}

void pseudo_floats(float *values, size_t count, uint32_t seed, double scale) {
    for (size_t i = 0; i < count; i++) {
        uint32_t x = (uint32_t)i + seed * 0x9E3779B9u;
        x ^= x >> 16;
        x *= 0x7FEB352Du;
        x ^= x >> 15;
        x *= 0x846CA68Bu;
        x ^= x >> 16;
        values[i] = (float)((2.0 * (x / 4294967296.0) - 1.0) * scale);
    }
}

char *temporary_create(void) {
    char *folder = strdup("/tmp/differnet-test-XXXXXX");
    if (!mkdtemp(folder))
        fail_msg("cannot create %s", folder);
    return folder;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void temporary_remove(char *folder) {
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

const char *put_file(const char *folder, const char *name, const void *data, size_t size) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *stream = fopen(path, "wb");
    if (!stream || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
        fail_msg("cannot write %s", path);
    return path;
}

const char *put_image(const char *folder, const char *name, int width, int height, int channels,
                      const uint8_t *pixels) {
    enum { MOST_HEADER = 64 };
    size_t size = (size_t)width * (size_t)height * (size_t)channels;
    char *file = malloc(MOST_HEADER + size);
    size_t header = (size_t)snprintf(file, MOST_HEADER, "P%d\n%d %d\n255\n", channels == 1 ? 5 : 6,
                                     width, height);
    memcpy(file + header, pixels, size);
    const char *path = put_file(folder, name, file, header + size);
    free(file);
    return path;
}

char *get_file(const char *path, size_t *size) {
    struct stat status;
    FILE *stream = fopen(path, "rb");
    if (!stream || fstat(fileno(stream), &status) != 0)
        fail_msg("cannot read %s", path);
    size_t bytes = (size_t)status.st_size;
    char *data = calloc(1, bytes + 1);
    assert_int_equal(fread(data, 1, bytes, stream), bytes);
    fclose(stream);
    if (size)
        *size = bytes;
    return data;
}

void disk_fill(size_t bytes) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void disk_clear(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}
