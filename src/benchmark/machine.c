/* Time, memory and name of the machine. */
#include "benchmark/measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

dn_status dn_time(dn_timed_work *work, void *context, double *milliseconds, dn_error *error) {
    double times[DN_BENCHMARK_REPEATS];
    DN_TRY(work(context, error));
    for (int i = 0; i < DN_BENCHMARK_REPEATS; i++) {
        double start = dn_seconds();
        DN_TRY(work(context, error));
        times[i] = (dn_seconds() - start) * 1e3;
    }
    qsort(times, DN_BENCHMARK_REPEATS, sizeof *times, compare_doubles);
    *milliseconds = times[DN_BENCHMARK_REPEATS / 2];
    return DN_OK;
}

/* What follows `key` and its colon in a file of /proc; "" where there is none. */
static void read_entry(const char *path, const char *key, char *value, size_t size) {
    char line[512];
    FILE *stream = fopen(path, "re");
    value[0] = '\0';
    while (stream && !value[0] && fgets(line, sizeof line, stream)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    if (stream)
        fclose(stream);
}

void dn_processor_name(char *name, size_t size) {
    read_entry("/proc/cpuinfo", "model name", name, size);
}

void dn_reset_peak_memory(void) {
    int descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ssize_t written = write(descriptor, "5", 1); /* 5: resets the peak */
    (void)written;
    close(descriptor);
}

double dn_peak_memory(void) {
    char value[64];
    struct rusage usage;
    read_entry("/proc/self/status", "VmHWM", value, sizeof value);
    if (value[0])
        return strtod(value, NULL) / 1024;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

dn_status dn_draw_picture(int width, int height, dn_image *picture, dn_error *error) {
    DN_TRY(dn_image_create(width, height, picture, error));
    size_t count = (size_t)width * (size_t)height * 3;
    for (size_t i = 0; i < count; i++)
        picture->pixels[i] = (uint8_t)(i / 97 * 31 % 251 + i % 5);
    return DN_OK;
}
