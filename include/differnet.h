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

/* ---- Results --------------------------------------------------------------------------------- */

typedef enum dn_verdict {
    DN_VERDICT_NONE,   /* the model carries no calibration */
    DN_VERDICT_PASS,   /* raw_score <= review_threshold */
    DN_VERDICT_REVIEW, /* review_threshold < raw_score <= threshold: somebody should look at it */
    DN_VERDICT_FAIL    /* raw_score > threshold */
} dn_verdict;

/* "NONE", "PASS", "REVIEW" or "FAIL"; static storage. */
DN_API const char *dn_verdict_name(dn_verdict verdict);

enum { DN_WARNINGS = 4, DN_WARNING_SIZE = 256 };

/* What docs/verdict.md derives: NaN (and -1) where the model carries no calibration. */
typedef struct dn_result {
    double raw_score;  /* mean of z^2 over rotations and dims (paper, section 3.3) */
    double score_std;  /* spread of the score over the rotations (population) */
    double elapsed_ms; /* from reading the file to the score */
    int rotations;     /* scored; fewer than asked for after an early exit */
    dn_verdict verdict;
    int pred_label;    /* 1: raw_score > threshold */
    double pred_score; /* in (0, 1), rises with raw_score, 0.5 at the threshold */
    double threshold, review_threshold;
    double p_value; /* (1 + number of calibration scores >= raw_score) / (their number + 1) */
    char warnings[DN_WARNINGS]
                 [DN_WARNING_SIZE]; /* what is odd about the image; "" after the last */
} dn_result;

/* ---- Where an image comes from --------------------------------------------------------------- */

typedef enum dn_pixel_format { DN_PIXELS_RGB, DN_PIXELS_BGR, DN_PIXELS_GREY } dn_pixel_format;

/* Exactly one of path, bytes and pixels is not NULL; all stay the caller's. */
typedef struct dn_image_source {
    const char *path; /* an image file */
    const void *bytes;
    size_t size;           /* of an image file held in memory, at `bytes` */
    const uint8_t *pixels; /* rows of 3 bytes a pixel (grey: 1), `stride` bytes apart, top first */
    dn_pixel_format format;
    int width, height;
    size_t stride;
} dn_image_source;

/* ---- Maps ------------------------------------------------------------------------------------ */

/* Where in an image its score comes from (docs/localization.md). A map belongs to whoever asked for
 * it; several threads may read one. It keeps the decoded image, 3 bytes a pixel, so that nothing is
 * read again for an overlay. */
typedef struct dn_map dn_map;
DN_API void dn_map_free(dn_map *map);

/* [height][width], at the network's input size, from 0 on; lives as long as the map. */
DN_API const float *dn_map_values(const dn_map *map, int *width, int *height);

/* What good images stay below; NaN where the model does not know (it has no calibration). */
DN_API double dn_map_threshold(const dn_map *map);

/* Connected parts above the threshold, and above a third of the map's largest value, by falling
 * score, in pixels of the image as it was read. */
typedef struct dn_region {
    int x, y, width, height;       /* box */
    size_t area;                   /* pixels */
    double score;                  /* largest map value over the threshold: above 1 */
    double centroid_x, centroid_y; /* of equal weights; pixel (0, 0) spans 0 to 1 */
} dn_region;
DN_API const dn_region *dn_map_regions(const dn_map *map, size_t *count);

typedef enum dn_map_format {
    DN_MAP_TIFF,   /* the values, [height][width] in f32 */
    DN_MAP_PNG,    /* in colours, on one scale for all images of a model not far above it */
    DN_MAP_MASK,   /* PNG of the image's size: white where regions lie, else black */
    DN_MAP_OVERLAY /* PNG of the image's size: the map over the image, regions within a line */
} dn_map_format;

/* The map as a file, whole or not at all; and as the bytes of that file, freed with dn_bytes_free
 * (NULL is allowed) and NULL after a failure: DN_ERROR_IO, DN_ERROR_MEMORY. */
DN_API dn_status dn_map_write(const dn_map *map, dn_map_format format, const char *path,
                              dn_error *error);
DN_API dn_status dn_map_encode(const dn_map *map, dn_map_format format, uint8_t **bytes,
                               size_t *size, dn_error *error);
DN_API void dn_bytes_free(uint8_t *bytes);

/* Files below `directory`, which is made: <image_path without extension>_map.tiff, _map.png and
 * _mask.png (DN_MAP_FILES), _overlay.png (DN_OVERLAY_FILE). Paths not written are "". */
enum { DN_MAP_FILES = 1, DN_OVERLAY_FILE = 2 };
typedef struct dn_map_files {
    char tiff[1024], png[1024], mask[1024], overlay[1024];
} dn_map_files;
DN_API dn_status dn_map_write_files(const dn_map *map, const char *directory,
                                    const char *image_path, unsigned which, dn_map_files *files,
                                    dn_error *error);

/* ---- Models ---------------------------------------------------------------------------------- */

typedef struct dn_model dn_model;

typedef struct dn_model_options {
    const char *backbone;  /* weights file; NULL: the one the model was trained on */
    const char *device;    /* "auto" or "cpu"; NULL: auto */
    const char *compute;   /* backend: "auto", "onednn", "reference"; NULL: auto */
    const char *precision; /* "f32", "bf16", "int8"; NULL or "auto": as the model was trained */
    int threads;           /* 0: all processors of this process */
    int rotations;         /* 0: the model's n_transforms_test */
    /* Other thresholds than the model's; 0 or NULL: as the model has them (docs/verdict.md). */
    const char *threshold_rule; /* "conformal", "target_tpr", "f1_max", "youden" */
    double false_reject_rate;   /* for "conformal", which it implies */
    double review_rate;         /* negative: no REVIEW */
    double target_tpr;          /* for "target_tpr", which it does not imply */
    double threshold;           /* this one, whatever the scores say */
    double early_exit; /* stop turning an image once its verdict is this certain: 0.99; 0: never */
    int maps; /* 1: dn_model_evaluate writes maps into its output directory and measures them */
    int concurrency; /* calls that compute at once; more wait, first come first served. Each takes
                        memory of its own. 0: processors / threads, at least 1 */
} dn_model_options;

/* Weights are mapped, not read: opening takes milliseconds, and processes share one copy. A weight
 * that is no finite number fails the first score, and all later ones, with DN_ERROR_NUMERIC. */
DN_API dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                               dn_error *error);
DN_API void dn_model_close(dn_model *model);

/* Whether results will have a verdict: the model is calibrated, or its options name a threshold. */
DN_API int dn_model_judges(const dn_model *model);

/* 16 hexadecimal digits of the model file's SHA-256; lives as long as the model. */
DN_API const char *dn_model_id(const dn_model *model);

/* The region of interest, [height][width] at the network's input size, 1 where the picture counts;
 * lives as long as the model. NULL: everything counts (docs/roi.md). */
DN_API const uint8_t *dn_model_roi(const dn_model *model, int *width, int *height);

/* "f32", "bf16" or "int8": what the model computes in (docs/precision.md). `wanted` (may be NULL)
 * receives what was asked for: something else where this processor lacks the instructions. */
DN_API const char *dn_model_precision(const dn_model *model, const char **wanted);

/* Scores one image. `map` NULL: none is wanted, which is cheaper; the score is the same. With a map
 * all rotations are scored. Free it with dn_map_free; NULL after a failure. DN_ERROR_ARGUMENT for a
 * source that is no image source; otherwise what is wrong with the image. */
DN_API dn_status dn_model_score(dn_model *model, const dn_image_source *source, dn_result *result,
                                dn_map **map, dn_error *error);

/* What one call may be asked besides. */
typedef struct dn_score_options {
    size_t size; /* sizeof(dn_score_options) */
    /* Returns 0 to go on; any other value ends the call with DN_CANCELLED. Called from the calling
     * thread, often while the call waits for its turn, then before each batch of rotations. It must
     * not call functions of the same model. NULL: the call is never stopped. */
    int (*should_stop)(void *user);
    void *user;
} dn_score_options;

/* dn_model_score with options; NULL: none. */
DN_API dn_status dn_model_score_with(dn_model *model, const dn_image_source *source,
                                     const dn_score_options *options, dn_result *result,
                                     dn_map **map, dn_error *error);

/* An image file that will be scored soon: begins to read and decode it in the background, beside
 * the score that is being computed. dn_model_score of the same path goes on from there, with the
 * same result, or failure, as without. Files that are never scored are forgotten after a few
 * others. Does nothing in a model of one thread. Thread-safe. */
DN_API void dn_model_expect(dn_model *model, const char *path);

/* The short form for an image file, without a map. */
DN_API dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                                     dn_error *error);

/* ---- Image files and rows -------------------------------------------------------------------- */

/* The image files of a path: itself, or everything below a folder, sorted. `skipped` counts the
 * files passed over as no images. Free with dn_image_list_free. */
typedef struct dn_image_list {
    char **paths;
    size_t count, skipped;
} dn_image_list;

DN_API dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error);
DN_API void dn_image_list_free(dn_image_list *list);

/* Whether the ending, in any case, is one of jpg jpeg png ppm bmp pgm tif tiff webp. */
DN_API int dn_is_image_name(const char *name);

typedef enum dn_row_format { DN_ROW_JSON, DN_ROW_CSV, DN_ROW_TABLE } dn_row_format;

/* One line, without newline: a result, or what went wrong (`failure` not NULL). CSV is quoted as in
 * RFC 4180, and a name that a spreadsheet would take for a formula gets a ' before it. The heading
 * is the line above the rows; "" for JSON. dn_text_free. */
DN_API dn_status dn_result_heading(dn_row_format format, char **text, dn_error *error);
DN_API dn_status dn_result_row(dn_row_format format, const char *image_path, const char *model_id,
                               const dn_result *result, const dn_error *failure, char **text,
                               dn_error *error);

/* The JSON row alone: a result, or what went wrong (`failure` not NULL). */
DN_API dn_status dn_result_json(const char *image_path, const char *model_id,
                                const dn_result *result, const dn_error *failure, char **text,
                                dn_error *error);

/* dn_result_json of a good result with what its map says. Members that are NULL are left out. */
typedef struct dn_row_places {
    int has_regions;
    const dn_region *regions;
    size_t region_count;
    const char *anomaly_map, *pred_mask, *overlay;
} dn_row_places;
DN_API dn_status dn_result_json_places(const char *image_path, const char *model_id,
                                       const dn_result *result, const dn_row_places *places,
                                       char **text, dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
