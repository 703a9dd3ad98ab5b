/*
 * libdiffernet, the second header: configuration, training, evaluation, calibration, import and
 * export, benchmark. A program that only judges parts needs differnet.h alone.
 *
 *     dn_config *config = NULL;
 *     dn_train_summary summary = DN_INIT(dn_train_summary);
 *     if (dn_config_create(&config, &error) == DN_OK &&
 *         dn_config_set(config, "dataset_path", "data", &error) == DN_OK &&
 *         dn_config_set(config, "class_name", "screws", &error) == DN_OK &&
 *         dn_train(config, NULL, &summary, NULL, &error) == DN_OK)
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
    DN_STAGE_EVALUATE,       /* one report per meta epoch, with the AUROC */
    DN_STAGE_SCORE,          /* unit: images */
    DN_STAGE_CHECK,          /* unit: images */
    DN_STAGE_TRAIN_FEATURES, /* features of the training images, with train_rotations: bank:N */
    DN_STAGE_REPORT          /* maps for report.html; unit: images; `total` is 0. Cancelling here
                                leaves a report with fewer maps. */
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

/* Both callbacks may be NULL. They run on the thread that called the library. If on_progress
 * returns anything but 0, the work ends with DN_CANCELLED within one batch. */
typedef struct dn_observer {
    size_t struct_size;
    void *user;
    int (*on_progress)(void *user, const dn_progress *progress);
    void (*on_message)(void *user, dn_severity severity, const char *message);
} dn_observer;

/* ---- Image files ----------------------------------------------------------------------------- */

/* The image files of a path: the file itself, or all below a folder, sorted. `skipped` counts files
 * whose name is not an image's, `outputs` what this library wrote: folders with the marker file
 * .differnet-results, and files as in dn_is_output_name. Free with dn_image_list_free. */
typedef struct dn_image_list {
    size_t struct_size;
    char **paths;
    size_t count, skipped;
    size_t outputs;
} dn_image_list;

DN_API dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error);
DN_API void dn_image_list_free(dn_image_list *list);

/* Whether a name ends, in upper or lower case, in jpg jpeg png ppm bmp pgm tif tiff or webp. */
DN_API int dn_is_image_name(const char *name);

/* Whether a name is one that dn_map_write_files gives: "part.png_overlay.png". */
DN_API int dn_is_output_name(const char *name);

/* Whether a folder holds the marker file .differnet-results: this library wrote what is in it. */
DN_API int dn_is_output_folder(const char *path);

/* Writes these files below `directory`, which is created: <image_path>_map.tiff, _map.png and
 * _mask.png (DN_MAP_FILES), <image_path>_overlay.png (DN_OVERLAY_FILE). Paths that differ have
 * files that differ: ".." becomes the folder _up, the start of an absolute path _root. With
 * DN_KEEP_FILES nothing is overwritten: "part.png~2_overlay.png". `files` receives the paths; ""
 * where nothing was written, also after a failure, in spite of which the other files are written.
 * A new or empty `directory` receives the marker file .differnet-results. */
enum { DN_MAP_FILES = 1, DN_OVERLAY_FILE = 2, DN_KEEP_FILES = 4 };
typedef struct dn_map_files {
    size_t struct_size;
    char tiff[1024], png[1024], mask[1024], overlay[1024];
} dn_map_files;
DN_API dn_status dn_map_write_files(const dn_map *map, const char *directory,
                                    const char *image_path, unsigned which, dn_map_files *files,
                                    dn_error *error);

/* ---- Rows: results as text ------------------------------------------------------------------- */

typedef enum dn_row_format { DN_ROW_JSON, DN_ROW_CSV, DN_ROW_TABLE } dn_row_format;

/* One line without a newline: a result or, if `failure` is not NULL, that failure, with time and
 * warnings of `result` unless it is NULL. CSV is quoted as
 * in RFC 4180; a ' is put before a name that a spreadsheet would take for a formula. The heading is
 * the line above the rows; "" for JSON. dn_text_free. */
DN_API dn_status dn_result_heading(dn_row_format format, char **text, dn_error *error);
DN_API dn_status dn_result_row(dn_row_format format, const char *image_path, const char *model_id,
                               const dn_result *result, const dn_error *failure, char **text,
                               dn_error *error);

/* The JSON row of a result or, if `failure` is not NULL, of that failure. dn_text_free. */
DN_API dn_status dn_result_json(const char *image_path, const char *model_id,
                                const dn_result *result, const dn_error *failure, char **text,
                                dn_error *error);

/* The JSON row of a result with its map's regions and files. Members that are NULL are left out. */
typedef struct dn_row_places {
    size_t struct_size;
    int has_regions;
    const dn_region *regions;
    size_t region_count;
    const char *anomaly_map, *pred_mask, *overlay;
} dn_row_places;
DN_API dn_status dn_result_json_places(const char *image_path, const char *model_id,
                                       const dn_result *result, const dn_row_places *places,
                                       char **text, dn_error *error);

/* ---- Configuration --------------------------------------------------------------------------- */

/* The keys of the original's config.py, with their names and defaults, and further ones. */
typedef struct dn_config dn_config;

typedef struct dn_config_key {
    const char *name;
    const char *default_value; /* as YAML */
    const char *comment;       /* one line: meaning, unit, range */
} dn_config_key;

DN_API dn_status dn_config_create(dn_config **config, dn_error *error);
DN_API void dn_config_destroy(dn_config *config);

/* Sets the keys that a flat YAML file holds. For an unknown key the message names the nearest one.
 */
DN_API dn_status dn_config_load(dn_config *config, const char *path, dn_error *error);

/* Sets one key from YAML text ("0.5", "[448, 448]", "true"). YAML removes quotes and ends a value
 * at " #": use dn_config_set_text for text that a person typed. */
DN_API dn_status dn_config_set(dn_config *config, const char *key, const char *value,
                               dn_error *error);

/* Sets one key from plain text. Keys that hold text take it byte for byte; other keys take "0.5",
 * "true", "448, 448" or "[448, 448]", with or without blanks around. */
DN_API dn_status dn_config_set_text(dn_config *config, const char *key, const char *text,
                                    dn_error *error);

/* The value as YAML text, or as the plain text that dn_config_set_text takes; dn_text_free. */
DN_API dn_status dn_config_get(const dn_config *config, const char *key, char **value,
                               dn_error *error);
DN_API dn_status dn_config_get_text(const dn_config *config, const char *key, char **text,
                                    dn_error *error);

/* Gives the keys that nobody has set the defaults of the network whose weights the key `backbone`
 * names, as dn_train does. Reads the weights; without a `backbone` nothing changes. */
DN_API dn_status dn_config_complete(dn_config *config, const dn_observer *observer,
                                    dn_error *error);

/* All keys with values and comments, as YAML that dn_config_load reads; dn_text_free. */
DN_API dn_status dn_config_to_yaml(const dn_config *config, char **yaml, dn_error *error);

/* Key `index`, or NULL past the last; static storage. */
DN_API const dn_config_key *dn_config_key_at(size_t index);

/* For "did you mean": the one of `names` that takes the fewest edits to become `name`, or NULL when
 * all of them differ in more than a third of the letters. */
DN_API const char *dn_nearest_name(const char *name, const char *const *names, size_t count);

/* ---- Evaluation ------------------------------------------------------------------------------ */

/* A metric, or `defined == 0` and why it cannot be computed. */
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

/* How the thresholds judge the test set: FAIL where raw_score > threshold, else REVIEW where
 * raw_score > review_threshold, else PASS. An image is rejected when it is FAIL. The intervals of
 * the rates are Wilson's, 95 %. */
typedef struct dn_decision {
    const char *rule;   /* conformal, target_tpr, f1_max, youden or manual; NULL: none */
    const char *source; /* where the calibration scores came from: validate, val_fraction,
                           cross_fit, calibrate, test or none; both in static storage */
    double threshold, review_threshold; /* NaN: no threshold could be chosen */
    int tuned; /* 1: chosen on this test set, so the rates are optimistic */
    dn_verdict_counts good, defective;
    dn_statistic false_reject_rate; /* of good images */
    dn_statistic detection_rate;    /* of defective images: recall */
    dn_statistic precision, accuracy;
} dn_decision;

#define DN_MAX_RULES 4
#define DN_MAX_DEFECTS 64 /* defects past this are counted in the totals, not listed */

typedef struct dn_metrics {
    size_t struct_size;
    size_t good_count, defect_count, unreadable_count;
    dn_statistic image_auroc, image_aupr, image_f1_max;
    double f1_max_threshold; /* NaN when image_f1_max is undefined */
    /* Of maps, if maps were made and masks mark the defects (docs/localization.md). */
    dn_statistic pixel_auroc, pixel_aupro, pixel_f1_max;
    double pixel_f1_max_threshold;
    double loss; /* mean negative log-likelihood per dimension (paper, equation 4) */
    dn_decision
        decision; /* with the model's thresholds or, if it has none, that of the largest F1 */
    dn_decision by_rule[DN_MAX_RULES]; /* with the thresholds that the other rules would choose */
    size_t rule_count;
    size_t defect_kinds;
    dn_defect_metrics defects[DN_MAX_DEFECTS];
    /* Likewise of maps: share of the defective images with a mask in which a region touches it, and
     * of the good images that show a region. */
    dn_statistic defects_touched, good_marked;
} dn_metrics;

/* Evaluates a model on the labelled test set `class_name` below `dataset_path`, or of a manifest
 * CSV; NULL: what the training's config.yaml beside the model names; without that file a data set
 * must be named. Writes report.html, metrics.json, scores.csv and roc.csv into
 * `output_directory` unless it is NULL. */
DN_API dn_status dn_model_evaluate(dn_model *model, const char *dataset_path,
                                   const char *class_name, const char *output_directory,
                                   const dn_observer *observer, dn_metrics *metrics,
                                   dn_error *error);

/* Text for people (json = 0) or programs (json = 1); dn_text_free. */
DN_API dn_status dn_metrics_text(const dn_metrics *metrics, int json, char **text, dn_error *error);

/* ---- Calibration ----------------------------------------------------------------------------- */

typedef struct dn_calibration_summary {
    size_t struct_size;
    const char *source, *rule; /* as in dn_decision */
    size_t count, unreadable;  /* good images scored; images that could not be read */
    double least_score, median_score, largest_score; /* of the scored images */
    double false_reject_rate, review_rate;           /* as requested */
    double promised_rate; /* false-reject rate that the scores guarantee; NaN: none */
    double threshold, review_threshold;
    double low_rate, low_threshold; /* below the latter: REVIEW; NaN: no such test */
    size_t earlier;                 /* calibrations that the model can go back to */
    char id[24];                    /* of the calibration, as in metrics.json */
    char date[24];                  /* RFC 3339, UTC; "": chosen in a training */
    char promise[256];              /* what the scores promise; "": nothing */
} dn_calibration_summary;

/* Several processes that do one work; see below. */
typedef struct dn_group dn_group;

/* How dn_calibrate_with calibrates. */
typedef struct dn_calibrate_options {
    size_t struct_size;
    const char *output; /* the model file to write; NULL: the model itself is replaced */
    int dry_run;        /* 1: writes nothing */
    int force;          /* 1: accepts fewer than 10 images, and images in several folders */
    int undo;           /* 1: back to the calibration before; `images` is NULL */
    int reserved;       /* 0 */
    dn_group *group;    /* processes that share the pictures; NULL: this one is alone */
} dn_calibrate_options;

/* Sets the thresholds of a model file according to `options`, from the good images below the folder
 * `images` (NULL: from the scores in the file). The images must be new to the model: DN_ERROR_DATA
 * if it was trained on one, if two are the same, if they lie in several folders, if `images` is a
 * file, and if there are fewer than 10 (docs/verdict.md). The file is written atomically:
 * dn_model_id changes, and models that are open keep their thresholds. The model keeps its last 8
 * earlier calibrations. DN_ERROR_DATA if there are no scores. */
DN_API dn_status dn_calibrate_with(const char *model_path, const char *images,
                                   const dn_model_options *options, const dn_calibrate_options *how,
                                   const dn_observer *observer, dn_calibration_summary *summary,
                                   dn_error *error);

/* dn_calibrate_with and no options of its own. */
DN_API dn_status dn_calibrate(const char *model_path, const char *images,
                              const dn_model_options *options, const dn_observer *observer,
                              dn_calibration_summary *summary, dn_error *error);

/* As dn_metrics_text. */
DN_API dn_status dn_calibration_text(const dn_calibration_summary *summary, int json, char **text,
                                     dn_error *error);

/* ---- Checking a data set --------------------------------------------------------------------- */

/* Reads every image of config's data set and writes into *text (for people, or as JSON;
 * dn_text_free) what is there, what must be fixed before training and what deserves a look
 * (docs/check.md). `class_name` NULL: all classes. `to_fix` (may be NULL) receives the number of
 * findings to fix; finding some is not a failure. Memory: one image a thread and 200 bytes an
 * image.
 */
DN_API dn_status dn_check(const dn_config *config, const char *class_name,
                          const dn_observer *observer, int json, char **text, size_t *to_fix,
                          dn_error *error);

/* ---- Training -------------------------------------------------------------------------------- */

typedef struct dn_train_summary {
    size_t struct_size;
    char results_directory[1024];
    double seconds;
} dn_train_summary;

/* Trains on config's data set and writes results/.../v<N>/. `observer`, `summary` and `metrics` (of
 * the saved model) may be NULL. After DN_CANCELLED summary's results_directory names the folder
 * that dn_train_resume continues; where there is no checkpoint, `summary` is left as it was. */
DN_API dn_status dn_train(const dn_config *config, const dn_observer *observer,
                          dn_train_summary *summary, dn_metrics *metrics, dn_error *error);

/* Continues a training that was stopped or killed from its checkpoint. The model is the one that an
 * uninterrupted training makes. `directory`: its results folder; NULL: the newest unfinished one of
 * `config`'s output, data set and class. DN_ERROR_CONFIG or DN_ERROR_DATA: something has changed.
 */
DN_API dn_status dn_train_resume(const dn_config *config, const char *directory,
                                 const dn_observer *observer, dn_train_summary *summary,
                                 dn_metrics *metrics, dn_error *error);

/* ---- Several processes ----------------------------------------------------------------------- */

/* Processes that were started together by mpirun or srun do one work: pictures are shared, and all
 * take the same steps. Results equal those of one process, byte for byte.
 *
 * *group NULL: this process is alone, which all functions accept. DN_ERROR_UNSUPPORTED: it is one
 * of several, and the module for MPI is missing. Call it once in a process. */
DN_API dn_status dn_group_join(dn_group **group, dn_error *error);

/* Leaves; all processes must. If the others do not answer any more, ends all processes, this one
 * too. */
DN_API void dn_group_leave(dn_group *group);

/* Process 0 writes results and speaks; 0 and 1 if the process is alone. */
DN_API size_t dn_group_rank(const dn_group *group);
DN_API size_t dn_group_size(const dn_group *group);

/* Whether the last failure was that the others do not answer. */
DN_API int dn_group_is_lost(const dn_group *group);

/* How long the others may take to answer; 1800 s without it. */
DN_API void dn_group_set_timeout(dn_group *group, double seconds);

/* dn_train, dn_train_resume, dn_train_classes and dn_check with this configuration, and
 * dn_model_evaluate of this model, are shared by the group's processes, all of which make the same
 * call. Process 0 alone writes. The group must outlive both. */
DN_API void dn_config_share(dn_config *config, dn_group *group);
DN_API void dn_model_share(dn_model *model, dn_group *group);

/* A work that the caller shares. All processes make the same calls in the same order; each call
 * fails in all of them, with one message, if `own` is a failure in one. A group of NULL is one
 * process.
 *
 * dn_group_model: DN_ERROR_DATA if the processes' models, or the programs that compute with them,
 * differ. */
DN_API dn_status dn_group_model(dn_group *group, dn_model *model, dn_error *error);

/* Everybody gives `size` bytes: *all (dn_text_free) has sizes[r] bytes of process r, one after the
 * other. sizes[dn_group_size] is the caller's. */
DN_API dn_status dn_group_exchange(dn_group *group, dn_status own, const char *bytes, size_t size,
                                   char **all, size_t *sizes, dn_error *error);

/* The end of a work, with its status: the same in all processes. Call it always; the functions
 * above do so themselves, and once more does no harm. After a failure that all know it returns
 * `own`. */
DN_API dn_status dn_group_finish(dn_group *group, dn_status own, dn_error *error);

/* ---- Training many classes ------------------------------------------------------------------- */

typedef struct dn_classes_options {
    size_t struct_size;
    size_t shard, shards; /* train only the classes number shard, shard + shards, ... (1 is the
                             first); 0: all */
    size_t again;         /* 1: also those that are finished and unchanged */
} dn_classes_options;

/* Whether config's class_name names several classes of its dataset_path: "all", or names with
 * commas between, where no class folder has just that name. */
DN_API int dn_names_classes(const dn_config *config);

/* Trains the classes that class_name names, one after another, each as dn_train does. What is
 * finished is kept, if its settings, pictures, backbone and program are the same; what was
 * interrupted goes on. A class that fails is told to the observer and counted in *failed (may be
 * NULL), and the others go on. Writes summary.csv and summary.html into the data set's folder of
 * results after every class; *text (dn_text_free) is the same for people, or as JSON. Several
 * processes may share a data set's classes (shards). DN_CANCELLED: call it again to go on. */
DN_API dn_status dn_train_classes(const dn_config *config, const dn_classes_options *options,
                                  const dn_observer *observer, int json, char **text,
                                  size_t *failed, dn_error *error);

/* ---- Parts of a work ------------------------------------------------------------------------- */

/* A work whose items (pictures) are shared among processes that know nothing of each other: each
 * writes a part, and the parts together give what one process would have written. Part `shard` of
 * `shards` has the items number shard, shard + shards, ... (1 is the first). A part names the verb
 * that wrote it and the words of its command line, and is complete only with its end. The writer
 * collects the text of the part; dn_part_take hands over what has come so far. */
typedef struct dn_part_options {
    size_t struct_size;
    const char *verb;         /* "predict" */
    size_t shard, shards;     /* 1 to shards */
    const char *const *words; /* after the verb, without --shard */
    size_t word_count;
    const char *about; /* what the parts must have in common besides: the model's id; may be NULL */
    const char *heading; /* of the rows; may be NULL */
} dn_part_options;

typedef struct dn_part dn_part;
DN_API dn_status dn_part_create(const dn_part_options *options, dn_part **part, dn_error *error);
DN_API void dn_part_free(dn_part *part);

/* The next item of the work, in order; returns whether it belongs to the part. */
DN_API int dn_part_next(dn_part *part, const char *name);
/* Adds the bytes of the item that dn_part_next named last. */
DN_API dn_status dn_part_add(dn_part *part, const char *bytes, size_t size, dn_error *error);
/* There are no more items. */
DN_API dn_status dn_part_end(dn_part *part, dn_error *error);
/* *bytes: dn_text_free. */
DN_API dn_status dn_part_take(dn_part *part, char **bytes, size_t *size, dn_error *error);

/* Parts that were written, read and joined. DN_ERROR_DATA names parts that are missing, there twice
 * or of different works, DN_ERROR_FORMAT one that is damaged or without an end. */
typedef struct dn_parts dn_parts;
DN_API dn_status dn_parts_open(const char *const *paths, size_t count, dn_parts **parts,
                               dn_error *error);
DN_API void dn_parts_close(dn_parts *parts);

/* What dn_part_options said; valid until dn_parts_close. Words past the last are NULL. */
DN_API const char *dn_parts_verb(const dn_parts *parts);
DN_API const char *dn_parts_about(const dn_parts *parts);
DN_API const char *dn_parts_heading(const dn_parts *parts);
DN_API const char *dn_parts_word(const dn_parts *parts, size_t index);

/* Items in the order of the work; zero-terminated. NULL past the last. */
DN_API const char *dn_parts_item(const dn_parts *parts, size_t index, size_t *size);

/* dn_check in parts, as dn_model_evaluate below. */
DN_API dn_status dn_check_part(const dn_config *config, const char *class_name, dn_part *part,
                               const dn_observer *observer, dn_error *error);
DN_API dn_status dn_check_parts(const dn_config *config, const char *class_name,
                                const dn_parts *parts, const dn_observer *observer, int json,
                                char **text, size_t *to_fix, dn_error *error);

/* dn_model_evaluate in parts. The first writes the scores of its share of the test set into `part`
 * (dn_part_create; the caller takes its text and ends nothing); the second joins them. */
DN_API dn_status dn_model_evaluate_part(dn_model *model, const char *dataset_path,
                                        const char *class_name, dn_part *part,
                                        const dn_observer *observer, dn_error *error);
DN_API dn_status dn_model_evaluate_parts(dn_model *model, const char *dataset_path,
                                         const char *class_name, const dn_parts *parts,
                                         const char *output_directory, const dn_observer *observer,
                                         dn_metrics *metrics, dn_error *error);

/* The features that a training with this configuration keeps (docs/bank.md), computed and kept
 * before it, and nothing trained. In parts: each process writes the features of its pictures into
 * `part`, which `sink` is called with after each of them, so that the text never grows large; the
 * last function puts them all into the cache. The cache is then what one process writes, byte for
 * byte. */
typedef dn_status dn_part_sink(void *user, dn_part *part, dn_error *error);
DN_API dn_status dn_keep_features(const dn_config *config, const dn_observer *observer,
                                  dn_error *error);
DN_API dn_status dn_keep_features_part(const dn_config *config, dn_part *part, dn_part_sink *sink,
                                       void *user, const dn_observer *observer, dn_error *error);
DN_API dn_status dn_keep_features_parts(const dn_config *config, const dn_parts *parts,
                                        const dn_observer *observer, dn_error *error);

/* ---- Import and export ----------------------------------------------------------------------- */

/* Writes a model file from a state_dict that the original DifferNet saved (zip or legacy, f32 or
 * f16; nothing in it is executed). The network's shape follows from the tensors, all else from
 * `config`; its `backbone`, if set, replaces the file's (docs/interchange.md). */
DN_API dn_status dn_import(const char *path, const dn_config *config, const char *output,
                           const dn_observer *observer, dn_error *error);

typedef enum dn_export_format {
    DN_EXPORT_PYTORCH,     /* a state_dict for the original's load_weights */
    DN_EXPORT_SAFETENSORS, /* the same kind of model file; useful with `half` */
    DN_EXPORT_ONNX         /* uint8 RGB images [N, height, width, 3] to their scores */
} dn_export_format;

typedef struct dn_export_options {
    size_t struct_size;
    dn_export_format format;
    int half;      /* 1: weights as f16 */
    int rotations; /* ONNX: the graph rotates each image so many times and averages; 0: once */
    int reserved;  /* 0 */
} dn_export_options;

DN_API dn_status dn_export(const char *model, const dn_export_options *options, const char *output,
                           dn_error *error);

/* ---- Files and this machine ------------------------------------------------------------------ */

/* What a model or weights file contains; path NULL: the embedded AlexNet, with its model card, and
 * "embedded:NETWORK" that of another network. */
DN_API dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error);

/* Compares the training images below `dataset_path` and `class_name` (NULL: as dn_model_evaluate)
 * with the ones the model was trained on: names, and contents by SHA-256. *text (dn_text_free) says
 * what was compared, *same is 1 or 0; a difference is not a failure. */
DN_API dn_status dn_verify_dataset(const char *model_path, const char *dataset_path,
                                   const char *class_name, int json, char **text, int *same,
                                   dn_error *error);

/* Measures speed and memory of `config`'s network with random weights: the processor's peak, every
 * stage of scoring, a training step. precision auto: all that the processor has; threads 0: all
 * processors, then one thread. Takes minutes. Of a group (dn_config_share) it measures instead, in
 * seconds, how fast the processes gather. */
DN_API dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json,
                              char **text, dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
