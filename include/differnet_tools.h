/*
 * libdiffernet, the other half: what prepares an inspection and looks it over - configuration,
 * training, evaluation, descriptions, benchmark. A program that only judges parts needs differnet.h
 * alone.
 *
 *     dn_config *config = NULL;
 *     dn_train_summary summary = {0};
 *     if (dn_config_create(&config, &error) == DN_OK &&
 *         dn_config_set(config, "dataset_path", "data", &error) == DN_OK &&
 *         dn_config_set(config, "class_name", "screws", &error) == DN_OK &&
 *         dn_train(config, NULL, &summary, &error) == DN_OK)
 *         printf("%s\n", summary.results_directory);
 *     dn_config_destroy(config);
 */
#ifndef DIFFERNET_TOOLS_H
#define DIFFERNET_TOOLS_H

#include "differnet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Progress and cancelling ----------------------------------------------------------------- */

typedef enum dn_stage {
    DN_STAGE_TEST_FEATURES,  /* features of the evaluation images, once per run; unit: images */
    DN_STAGE_TRAIN,          /* unit: sub epochs; `loss` is the mean of the last one */
    DN_STAGE_EVALUATE,       /* one report per meta epoch; `auroc` holds last, max, epoch_max */
    DN_STAGE_SCORE,          /* unit: images */
    DN_STAGE_CHECK,          /* unit: images */
    DN_STAGE_TRAIN_FEATURES, /* of the training images, once (train_rotations: bank:N); images */
    DN_STAGE_REPORT /* maps for report.html; unit: images, `total` is 0. Who stops here still
                       gets the report, with fewer maps */
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

/* ---- Evaluation ------------------------------------------------------------------------------ */

/* A metric, or `defined == 0` and the reason why it cannot be computed. */
typedef struct dn_statistic {
    int defined;
    double value;
    double low, high;   /* 95 % confidence interval; NaN where none is computed */
    const char *reason; /* static storage; NULL when defined */
} dn_statistic;

typedef struct dn_verdict_counts {
    size_t pass, review, fail;
} dn_verdict_counts;

typedef struct dn_defect_metrics {
    char name[64]; /* the defect's directory */
    size_t count;
    dn_statistic image_auroc; /* this defect's images against all good ones */
    dn_verdict_counts verdicts;
} dn_defect_metrics;

/* What the thresholds make of the test set: FAIL where raw_score > threshold, else REVIEW where
 * raw_score > review_threshold, else PASS. The rates take FAIL for "rejected"; their 95 % intervals
 * are Wilson's. */
typedef struct dn_decision {
    const char *rule;   /* conformal, target_tpr, f1_max, youden or manual; NULL: none */
    const char *source; /* of the scores it was chosen with: validate, val_fraction, cross_fit,
                           calibrate, test or none; both in static storage */
    double threshold, review_threshold; /* NaN: no threshold could be chosen */
    int tuned; /* 1: chosen on this very test set, so that its rates are not independent */
    dn_verdict_counts good, defective;
    dn_statistic false_reject_rate; /* of good images */
    dn_statistic detection_rate;    /* of defective images: recall */
    dn_statistic precision, accuracy;
} dn_decision;

#define DN_MAX_RULES 4
#define DN_MAX_DEFECTS 64 /* defects past this are counted in the totals, not listed */

typedef struct dn_metrics {
    size_t good_count, defect_count, unreadable_count;
    dn_statistic image_auroc, image_aupr, image_f1_max;
    double f1_max_threshold; /* NaN when image_f1_max is undefined */
    /* Of maps, where they were made and masks say what is defective (docs/localization.md). */
    dn_statistic pixel_auroc, pixel_aupro, pixel_f1_max;
    double pixel_f1_max_threshold;
    double loss;          /* mean negative log-likelihood per dimension (paper, equation 4) */
    dn_decision decision; /* the model's thresholds; without any, those of the largest F1 */
    dn_decision
        by_rule[DN_MAX_RULES]; /* what the other rules would choose and make of the images */
    size_t rule_count;
    size_t defect_kinds;
    dn_defect_metrics defects[DN_MAX_DEFECTS];
} dn_metrics;

/* Evaluates a model on the labelled test set below `dataset_path` (or of a manifest CSV) and
 * `class_name`; NULL: those that the training's config.yaml beside the model names; without it, a
 * data set must be named. Writes report.html, metrics.json, scores.csv and roc.csv into
 * `output_directory` unless it is NULL. */
DN_API dn_status dn_model_evaluate(dn_model *model, const char *dataset_path,
                                   const char *class_name, const char *output_directory,
                                   const dn_observer *observer, dn_metrics *metrics,
                                   dn_error *error);

/* Texts for people (json = 0) or programs (json = 1); free with dn_text_free. */
DN_API dn_status dn_metrics_text(const dn_metrics *metrics, int json, char **text, dn_error *error);

/* ---- Calibration ----------------------------------------------------------------------------- */

typedef struct dn_calibration_summary {
    const char *source, *rule; /* as in dn_decision */
    size_t count, unreadable;  /* good images that the thresholds rest on; left out */
    double least_score, median_score, largest_score; /* of these */
    double false_reject_rate, review_rate;           /* as asked for */
    double promised_rate; /* what the images promise of the threshold; NaN: nothing */
    double threshold, review_threshold;
} dn_calibration_summary;

/* Sets the thresholds of a model file from all good images at or below the path `images` (NULL:
 * from the scores that it holds), as `options` wants them, and writes the file anew, whole or not
 * at all: its dn_model_id changes. Models that are open already keep their thresholds.
 * DN_ERROR_DATA when there are no scores to choose from. */
DN_API dn_status dn_calibrate(const char *model_path, const char *images,
                              const dn_model_options *options, const dn_observer *observer,
                              dn_calibration_summary *summary, dn_error *error);

/* As dn_metrics_text. */
DN_API dn_status dn_calibration_text(const dn_calibration_summary *summary, int json, char **text,
                                     dn_error *error);

/* ---- Looking a data set over ------------------------------------------------------------------
 */

/* Reads every image of config's data set once and writes into *text (for people, or as JSON; free
 * with dn_text_free) what is there, what is to be mended before a training and what is worth a
 * look: docs/check.md. `class_name` NULL: all classes. `to_mend` (may be NULL) counts findings of
 * the first kind; a set full of them is no failure. Memory: one image a thread, 200 bytes an image.
 */
DN_API dn_status dn_check(const dn_config *config, const char *class_name,
                          const dn_observer *observer, int json, char **text, size_t *to_mend,
                          dn_error *error);

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

/* Goes on with a training that was stopped or killed, from its checkpoint, to the same model as
 * without the stop. `directory`: its results folder; NULL: the newest unfinished one of `config`'s
 * output, data set and class. DN_ERROR_CONFIG or DN_ERROR_DATA says what is not as it was. */
DN_API dn_status dn_train_resume(const dn_config *config, const char *directory,
                                 const dn_observer *observer, dn_train_summary *summary,
                                 dn_error *error);

/* ---- From and for other programs --------------------------------------------------------------
 */

/* Writes a model file from a state_dict that the original DifferNet saved (zip or legacy, f32 or
 * f16; nothing in it is executed). The network's shape follows from the tensors, everything else is
 * config's; `backbone` of it, if set, replaces the file's. docs/interchange.md */
DN_API dn_status dn_import(const char *path, const dn_config *config, const char *output,
                           const dn_observer *observer, dn_error *error);

typedef enum dn_export_format {
    DN_EXPORT_PYTORCH,     /* a state_dict for the original's load_weights */
    DN_EXPORT_SAFETENSORS, /* still a model of ours; of use with `half` */
    DN_EXPORT_ONNX         /* uint8 RGB images [N, height, width, 3] to their scores */
} dn_export_format;

typedef struct dn_export_options {
    dn_export_format format;
    int half;      /* 1: weights as f16 */
    int rotations; /* ONNX: the graph itself turns each image so often and averages; 0: it does not
                    */
} dn_export_options;

DN_API dn_status dn_export(const char *model, const dn_export_options *options, const char *output,
                           dn_error *error);

/* ---- Files and this machine ------------------------------------------------------------------ */

/* What a model or weights file holds; path NULL: the embedded backbone, with its card. */
DN_API dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error);

/* Whether the training images below `dataset_path` and `class_name` (NULL: as
 * dn_model_evaluate) are the ones the model was trained on: the same names and contents, by
 * SHA-256. *text (dn_text_free) says what was compared, *same is 1 or 0; a difference is no
 * failure.
 */
DN_API dn_status dn_verify_dataset(const char *model_path, const char *dataset_path,
                                   const char *class_name, int json, char **text, int *same,
                                   dn_error *error);

/* Speed and memory on this machine with `config`'s network and random weights: peaks, every stage
 * of scoring, a training step; in config's precision (auto: all that the processor has), on
 * config's threads (0: on all, then on one). Takes minutes. */
DN_API dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json,
                              char **text, dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
