#include "station/api/counters.h"

#include "station/base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const double bounds[DN_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                          0.5,   1,    2.5,   5,    10,  30};

void dn_counters_init(dn_counters *self) {
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    self->started = (double)dn_utc_now() / 1e3;
}

static dn_counter *find(dn_counters *self, dn_counter_kind kind, const char *model,
                        const char *value) {
    for (size_t i = 0; i < self->count; i++) {
        dn_counter *one = &self->counters[i];
        if (one->kind == kind && !strcmp(one->model, model) && !strcmp(one->value, value))
            return one;
    }
    if (self->count == DN_COUNTERS)
        return NULL; /* models and statuses are few; a bound all the same */
    dn_counter *one = &self->counters[self->count++];
    one->kind = kind;
    snprintf(one->model, sizeof one->model, "%s", model);
    snprintf(one->value, sizeof one->value, "%s", value);
    return one;
}

void dn_counters_add(dn_counters *self, dn_counter_kind kind, const char *model,
                     const char *value) {
    pthread_mutex_lock(&self->lock);
    dn_counter *one = find(self, kind, model, value);
    if (one)
        one->count++;
    pthread_mutex_unlock(&self->lock);
}

void dn_counters_time(dn_counters *self, double seconds) {
    size_t bucket = 0;
    while (bucket < DN_BUCKETS && seconds > bounds[bucket])
        bucket++;
    pthread_mutex_lock(&self->lock);
    self->buckets[bucket]++;
    self->seconds += seconds;
    pthread_mutex_unlock(&self->lock);
}

/* Models' names need no escapes: dn_is_station_name. */
static void print_counters(const dn_counters *self, dn_counter_kind kind, const char *name,
                           const char *help, const char *label, dn_buffer *text) {
    dn_buffer_print(text, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
    for (size_t i = 0; i < self->count; i++)
        if (self->counters[i].kind == kind)
            dn_buffer_print(text, "%s{model=\"%s\",%s=\"%s\"} %llu\n", name,
                            self->counters[i].model, label, self->counters[i].value,
                            self->counters[i].count);
}

static void print_times(const dn_counters *self, dn_buffer *text) {
    static const char name[] = "differnet_request_duration_seconds";
    unsigned long long count = 0;
    dn_buffer_print(text,
                    "# HELP %s From the head of a request that scored a picture to its answer.\n"
                    "# TYPE %s histogram\n",
                    name, name);
    for (size_t i = 0; i < DN_BUCKETS; i++) {
        count += self->buckets[i];
        dn_buffer_print(text, "%s_bucket{le=\"%g\"} %llu\n", name, bounds[i], count);
    }
    count += self->buckets[DN_BUCKETS];
    dn_buffer_print(text, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name, count,
                    name, self->seconds, name, count);
}

static void print_gauge(dn_buffer *text, const char *name, const char *type, const char *help,
                        double value) {
    dn_buffer_print(text, "# HELP %s %s\n# TYPE %s %s\n%s %.10g\n", name, help, name, type, name,
                    value);
}

static double resident_bytes(void) {
    unsigned long pages = 0;
    FILE *stream = fopen("/proc/self/statm", "re");
    if (stream && fscanf(stream, "%*u %lu", &pages) != 1)
        pages = 0;
    if (stream)
        fclose(stream);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and this one */
}

static void print_process(const dn_counters *self, dn_buffer *text) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    print_gauge(text, "process_cpu_seconds_total", "counter", "Processor time.", cpu);
    print_gauge(text, "process_resident_memory_bytes", "gauge", "Memory.", resident_bytes());
    print_gauge(text, "process_open_fds", "gauge", "Open files.", open_files());
    print_gauge(text, "process_start_time_seconds", "gauge", "Start, seconds since 1970.",
                self->started);
}

void dn_counters_print(dn_counters *self, size_t queue_length, dn_buffer *text) {
    pthread_mutex_lock(&self->lock);
    print_counters(self, DN_COUNT_REQUEST, "differnet_requests_total",
                   "Requests by model and status; 0: the client went away.", "code", text);
    print_counters(self, DN_COUNT_VERDICT, "differnet_verdicts_total",
                   "Judged pictures by model and verdict.", "verdict", text);
    print_times(self, text);
    pthread_mutex_unlock(&self->lock);
    print_gauge(text, "differnet_queue_length", "gauge", "Pictures that wait or are in work.",
                (double)queue_length);
    dn_buffer_print(text,
                    "# HELP differnet_build_info The version that runs.\n"
                    "# TYPE differnet_build_info gauge\ndiffernet_build_info{version=\"%s\"} 1\n",
                    dn_version());
    print_process(self, text);
}
