/* The numbers behind /metrics, in Prometheus' text format. Thread-safe. */
#ifndef DN_STATION_API_COUNTERS_H
#define DN_STATION_API_COUNTERS_H

#include "station/base/buffer.h"

#include <pthread.h>

enum { DN_COUNTERS = 2048, DN_BUCKETS = 12 };

typedef enum dn_counter_kind { DN_COUNT_REQUEST, DN_COUNT_VERDICT } dn_counter_kind;

typedef struct dn_counter {
    dn_counter_kind kind;
    char model[65];
    char value[16]; /* status, or verdict */
    unsigned long long count;
} dn_counter;

typedef struct dn_counters {
    pthread_mutex_t lock;
    dn_counter counters[DN_COUNTERS];
    size_t count;
    unsigned long long buckets[DN_BUCKETS + 1];
    double seconds;
    double started; /* UTC, seconds */
} dn_counters;

void dn_counters_init(dn_counters *self);
void dn_counters_add(dn_counters *self, dn_counter_kind kind, const char *model, const char *value);
void dn_counters_time(dn_counters *self, double seconds); /* of a request that scored a picture */
void dn_counters_print(dn_counters *self, size_t queue_length, dn_buffer *text);

#endif
