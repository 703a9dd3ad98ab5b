/* What `differnet benchmark` measures, and the parts that measure it. */
#ifndef DN_BENCHMARK_MEASURE_H
#define DN_BENCHMARK_MEASURE_H

#include "base/clock.h"
#include "base/text.h"
#include "inspect/inspector.h"

enum {
    DN_BENCHMARK_REPEATS = 5,    /* timed, after one warm-up */
    DN_BENCHMARK_PICTURE = 1024, /* side of the picture that is decoded and resized */
    DN_BENCHMARK_MAP_ROTATIONS = 16,
    DN_BENCHMARK_PRODUCT_ROWS = 512,
    DN_BENCHMARK_PRODUCT_SIDE = 1024
};

/* One precision on one number of threads. Times are medians in milliseconds. */
typedef struct dn_benchmark_run {
    dn_precision precision;
    int threads;
    double decode, resize, rotate; /* a JPEG file; to the network's size; all views of an image */
    double backbone[DN_BACKBONE_MAX_SCALES]; /* of one view, at each scale */
    double flow;                             /* all views of an image */
    double image;                            /* from the file's bytes to the score */
    double map, map_ratio;         /* score and map at map_rotations; in times of the score alone */
    double step;                   /* of training, step_rows vectors */
    double products, convolutions; /* GFLOP/s */
    double bandwidth;              /* GB/s, reading two arrays and writing one */
    double score_mib, train_mib;   /* peak resident memory */
} dn_benchmark_run;

typedef struct dn_benchmark_results {
    const dn_config *config;
    const char *backend, *instructions;
    char processor[128];
    double load; /* load average before the measurement; below 0: unknown */
    int processors, rotations, map_rotations, step_rows;
    dn_benchmark_run runs[2 * DN_PRECISIONS];
    size_t count;
} dn_benchmark_results;

typedef dn_status dn_timed_work(void *context, dn_error *error);

/* Median milliseconds of DN_BENCHMARK_REPEATS calls after one warm-up. */
dn_status dn_time(dn_timed_work *work, void *context, double *milliseconds, dn_error *error);

/* The name of the processor, "" where it is not known. */
void dn_processor_name(char *name, size_t size);

/* Peak resident memory in MiB since the reset; since the start of the process where the system
 * cannot reset it. */
void dn_reset_peak_memory(void);
double dn_peak_memory(void);

/* A picture with varied content, on which no time depends. */
dn_status dn_draw_picture(int width, int height, dn_image *picture, dn_error *error);

/* Each fills in its part of a run. The detector has what the run's precision needs: parameters,
 * activation steps. */
dn_status dn_measure_peaks(const dn_config *config, dn_benchmark_run *run, dn_error *error);
dn_status dn_measure_scoring(const dn_detector *detector, int rotations, int map_rotations,
                             dn_benchmark_run *run, dn_error *error);
dn_status dn_measure_backbone(const dn_detector *detector, const dn_compute *compute,
                              dn_benchmark_run *run, dn_error *error);
dn_status dn_measure_training(const dn_detector *detector, int *rows, dn_benchmark_run *run,
                              dn_error *error);

void dn_benchmark_table(const dn_benchmark_results *results, dn_text *text);
dn_status dn_benchmark_json(const dn_benchmark_results *results, char **text, dn_error *error);

#endif
