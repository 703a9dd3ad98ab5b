/*
 * libdiffernet: defect detection with normalizing flows (Rudolph et al., WACV 2021) in C.
 *
 *     dn_error error = {0};
 *     dn_model *model = NULL;
 *     dn_result result = {0};
 *     if (dn_model_open("model.safetensors", NULL, &model, &error) != DN_OK ||
 *         dn_model_score_file(model, "part.png", &result, &error) != DN_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *     else
 *         printf("%s: %.4f\n", "part.png", result.raw_score);
 *     dn_model_close(model);
 *
 * Functions return DN_OK or the reason of the failure and, where `error` is not NULL, one message
 * in it. The library never prints, exits or aborts. Strings are UTF-8, images 8-bit RGB. Handles
 * are opaque; whoever opens one closes it. A dn_model may be used by several threads at once, any
 * other handle by one thread at a time.
 */
#ifndef DIFFERNET_H
#define DIFFERNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DN_API __attribute__((visibility("default")))
#define DN_PRINTF(template, first) __attribute__((format(printf, template, first)))
#else
#define DN_API
#define DN_PRINTF(template, first)
#endif

/* ---- Errors ---------------------------------------------------------------------------------- */

typedef enum dn_status {
    DN_OK = 0,
    DN_ERROR_ARGUMENT,    /* a wrong call or command line */
    DN_ERROR_CONFIG,      /* an unknown key or a value out of range */
    DN_ERROR_IO,          /* a file cannot be opened, read or written */
    DN_ERROR_FORMAT,      /* a file is not what it should be */
    DN_ERROR_DATA,        /* a data set lacks what the task needs */
    DN_ERROR_MEMORY,      /* out of memory */
    DN_ERROR_NUMERIC,     /* NaN or infinity */
    DN_ERROR_UNSUPPORTED, /* not in this build or on this machine */
    DN_CANCELLED          /* the observer asked to stop */
} dn_status;

typedef struct dn_error {
    dn_status status;
    char message[1024]; /* what, where, expected, found; one line, no newline at its end */
} dn_error;

/* "1.2.3"; static storage. */
DN_API const char *dn_version(void);

/* Frees a text that a function of this library returned; NULL is allowed. */
DN_API void dn_text_free(char *text);

/* ---- Progress and cancelling ----------------------------------------------------------------- */

typedef enum dn_stage {
    DN_STAGE_TEST_FEATURES, /* features of the evaluation images, once per run; unit: images */
    DN_STAGE_TRAIN,         /* unit: sub epochs; `loss` is the mean of the last one */
    DN_STAGE_EVALUATE,      /* one report per meta epoch; `auroc` holds last, max, epoch_max */
    DN_STAGE_SCORE          /* unit: images */
} dn_stage;

typedef struct dn_progress {
    dn_stage stage;
    size_t done, total;
    int meta_epoch, sub_epoch;
    double loss;                  /* mean training or evaluation loss; NaN where there is none */
    double auroc_last, auroc_max; /* NaN when undefined */
    int auroc_epoch_max;          /* -1 when undefined */
    size_t images_done, images_total; /* of the running sub epoch */
} dn_progress;

typedef enum dn_severity { DN_NOTE, DN_WARNING } dn_severity;

/* Both callbacks may be NULL and are called from the calling thread. on_progress returns 0 to go
 * on; any other value ends the work with DN_CANCELLED within one batch. */
typedef struct dn_observer {
    void *user;
    int (*on_progress)(void *user, const dn_progress *progress);
    void (*on_message)(void *user, dn_severity severity, const char *message);
} dn_observer;

/* ---- Configuration --------------------------------------------------------------------------- */

/* Every key of the original's config.py under its own name and default, and ours. */
typedef struct dn_config dn_config;

typedef struct dn_config_key {
    const char *name;
    const char *default_value; /* as YAML */
    const char *comment;       /* one line: meaning, unit, range */
} dn_config_key;

DN_API dn_status dn_config_create(dn_config **config, dn_error *error);
DN_API void dn_config_destroy(dn_config *config);

/* Reads a flat YAML file over the present values. DN_ERROR_CONFIG names an unknown key's nearest
 * one. */
DN_API dn_status dn_config_load(dn_config *config, const char *path, dn_error *error);

/* Sets one key from YAML text ("0.5", "[448, 448]", "true"). */
DN_API dn_status dn_config_set(dn_config *config, const char *key, const char *value,
                               dn_error *error);

/* The value as YAML text; the caller frees it with dn_text_free. */
DN_API dn_status dn_config_get(const dn_config *config, const char *key, char **value,
                               dn_error *error);

/* All keys with values and comments, as YAML that dn_config_load takes back; dn_text_free. */
DN_API dn_status dn_config_to_yaml(const dn_config *config, char **yaml, dn_error *error);

/* Key `index`, or NULL past the last; static storage. */
DN_API const dn_config_key *dn_config_key_at(size_t index);

/* ---- Results --------------------------------------------------------------------------------- */

typedef struct dn_result {
    double raw_score;  /* mean of z^2 over rotations and dims (paper, section 3.3) */
    double score_std;  /* spread of the score over the rotations (population) */
    double elapsed_ms; /* from reading the file to the score */
} dn_result;

/* A metric, or `defined == 0` and the reason why it cannot be computed. */
typedef struct dn_statistic {
    int defined;
    double value;
    double low, high;   /* 95 % confidence interval; NaN where none is computed */
    const char *reason; /* static storage; NULL when defined */
} dn_statistic;

typedef struct dn_defect_metrics {
    char name[64]; /* the defect's directory */
    size_t count;
    dn_statistic image_auroc; /* this defect's images against all good ones */
} dn_defect_metrics;

#define DN_MAX_DEFECTS 64 /* defects past this are counted in the totals, not listed */

typedef struct dn_metrics {
    size_t good_count, defect_count, unreadable_count;
    dn_statistic image_auroc, image_aupr, image_f1_max;
    double f1_max_threshold; /* NaN when image_f1_max is undefined */
    double loss;             /* mean negative log-likelihood per dimension (paper, equation 4) */
    size_t defect_kinds;
    dn_defect_metrics defects[DN_MAX_DEFECTS];
} dn_metrics;

/* ---- Training -------------------------------------------------------------------------------- */

typedef struct dn_train_summary {
    char results_directory[1024];
    dn_metrics metrics; /* of the saved model */
    double seconds;
} dn_train_summary;

/* Trains on config's data set and writes results/.../v<N>/. `observer` and `summary` may be NULL.
 */
DN_API dn_status dn_train(const dn_config *config, const dn_observer *observer,
                          dn_train_summary *summary, dn_error *error);

/* ---- Models ---------------------------------------------------------------------------------- */

typedef struct dn_model dn_model;

typedef struct dn_model_options {
    const char *backbone; /* weights file; NULL: the one the model was trained on */
    const char *device;   /* "auto" or "cpu"; NULL: auto */
    const char *compute;  /* backend: "auto", "onednn", "reference"; NULL: auto */
    int threads;          /* 0: all processors of this process */
    int rotations;        /* 0: the model's n_transforms_test */
} dn_model_options;

DN_API dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                               dn_error *error);
DN_API void dn_model_close(dn_model *model);

/* 16 hexadecimal digits of the model file's SHA-256; lives as long as the model. */
DN_API const char *dn_model_id(const dn_model *model);

/* Scores one image file, or one file held in memory. */
DN_API dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                                     dn_error *error);
DN_API dn_status dn_model_score_bytes(dn_model *model, const void *bytes, size_t size,
                                      dn_result *result, dn_error *error);

/* Scores pixels in memory: RGB rows of 3*width bytes, `stride` bytes apart. */
DN_API dn_status dn_model_score_rgb(dn_model *model, const uint8_t *rgb, int width, int height,
                                    size_t stride, dn_result *result, dn_error *error);

/* Evaluates a model on the labelled test set below `dataset_path` (or of a manifest CSV) and
 * `class_name`; NULL: those that the model was trained on. Writes metrics.json and scores.csv into
 * `output_directory` unless it is NULL. */
DN_API dn_status dn_model_evaluate(dn_model *model, const char *dataset_path,
                                   const char *class_name, const char *output_directory,
                                   const dn_observer *observer, dn_metrics *metrics,
                                   dn_error *error);

/* ---- Files and texts ------------------------------------------------------------------------- */

/* The image files of a path: itself, or everything below a folder, sorted. `skipped` counts the
 * files passed over as no images. Free with dn_image_list_free. */
typedef struct dn_image_list {
    char **paths;
    size_t count, skipped;
} dn_image_list;

DN_API dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error);
DN_API void dn_image_list_free(dn_image_list *list);

/* Texts for people (json = 0) or programs (json = 1); free with dn_text_free. */
DN_API dn_status dn_metrics_text(const dn_metrics *metrics, int json, char **text, dn_error *error);

/* One JSON line, without newline: a result, or what went wrong (`failure` not NULL). */
DN_API dn_status dn_result_json(const char *image_path, const char *model_id,
                                const dn_result *result, const dn_error *failure, char **text,
                                dn_error *error);

/* What a model or weights file holds. */
DN_API dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error);

/* Speed and memory on this machine with `config`'s network: takes about a minute. */
DN_API dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json,
                              char **text, dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
