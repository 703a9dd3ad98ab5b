/*
 * libdiffernet: defect detection with normalizing flows (Rudolph et al., WACV 2021) in C.
 *
 *     dn_error error = {0};
 *     dn_model *model = NULL;
 *     dn_result result = DN_INIT(dn_result);
 *     if (dn_model_open("model.safetensors", NULL, &model, &error) != DN_OK ||
 *         dn_model_score_file(model, "part.png", &result, &error) != DN_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *     else
 *         printf("%s: %.4f\n", "part.png", result.raw_score);
 *     dn_model_close(model);
 *
 * This header is for programs that judge parts; differnet_tools.h adds training and evaluation.
 * Functions return DN_OK or the kind of failure; `error`, unless NULL, then receives a message. The
 * library never prints, exits or aborts. Text is UTF-8, images are 8-bit RGB. Handles are opaque;
 * close what you open. Several threads may use one dn_model at a time; every other handle serves
 * one thread at a time.
 *
 * A struct that the caller allocates begins with its size: DN_INIT(dn_result), or {.struct_size =
 * sizeof options, .threads = 2}. Without it a function fails with DN_ERROR_ARGUMENT. So structs can
 * grow, and old programs keep working with later libraries (docs/abi.md). Only dn_error has no
 * size: it never changes.
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

#define DN_INIT(type)                                                                              \
    { .struct_size = sizeof(type) }

/* ---- Errors ---------------------------------------------------------------------------------- */

typedef enum dn_status {
    DN_OK = 0,
    DN_ERROR_ARGUMENT,    /* a wrong call or command line */
    DN_ERROR_CONFIG,      /* an unknown key or a value out of range */
    DN_ERROR_IO,          /* a file cannot be opened, read or written */
    DN_ERROR_FORMAT,      /* a file is damaged or of another format */
    DN_ERROR_DATA,        /* a data set lacks what the task needs */
    DN_ERROR_MEMORY,      /* out of memory */
    DN_ERROR_NUMERIC,     /* NaN or infinity */
    DN_ERROR_UNSUPPORTED, /* not in this build or on this machine */
    DN_CANCELLED          /* the observer asked to stop */
} dn_status;

typedef struct dn_error {
    dn_status status;
    char message[1024]; /* what, where, expected, found; one line without a newline */
} dn_error;

/* The status without its prefix, for logs: "OK", "ARGUMENT", "IO", ...; static storage. */
DN_API const char *dn_status_name(dn_status status);

/* "1.2.3"; static storage. */
DN_API const char *dn_version(void);

/* Frees a text that a function of this library returned; NULL is allowed. */
DN_API void dn_text_free(char *text);

/* ---- Results --------------------------------------------------------------------------------- */

typedef enum dn_verdict {
    DN_VERDICT_NONE,   /* the model has no calibration */
    DN_VERDICT_PASS,   /* raw_score <= review_threshold */
    DN_VERDICT_REVIEW, /* review_threshold < raw_score <= threshold, or a score or picture unlike
                          those of good parts: a person should look */
    DN_VERDICT_FAIL    /* raw_score > threshold */
} dn_verdict;

/* "NONE", "PASS", "REVIEW" or "FAIL"; static storage. */
DN_API const char *dn_verdict_name(dn_verdict verdict);

enum { DN_WARNINGS = 4, DN_WARNING_SIZE = 256 };

/* Without a calibration pred_label is -1, and pred_score, p_value and the thresholds are NaN
 * (docs/verdict.md). */
typedef struct dn_result {
    size_t struct_size;
    /* What the verdict is about: mean of z^2 over rotations and dims (paper, section 3.3), unless
     * the model has a detector for places that takes part in it (key `score`,
     * docs/localization.md). */
    double raw_score;
    double score_std;  /* population standard deviation over the rotations */
    double elapsed_ms; /* from reading the file to the score */
    int rotations;     /* number scored, of all tiles: an early exit leaves some out */
    dn_verdict verdict;
    int pred_label;    /* 1: raw_score > threshold */
    double pred_score; /* in (0, 1), increases with raw_score, 0.5 at the threshold */
    double threshold, review_threshold;
    double p_value; /* (1 + number of calibration scores >= raw_score) / (their number + 1) */
    /* What is odd about the image, such as samples outside the model's levels (docs/images.md); ""
     * after the last. */
    char warnings[DN_WARNINGS][DN_WARNING_SIZE];
    int64_t time_ms; /* when it was scored: milliseconds since 1970, UTC; 0: not known */
    /* The parts of raw_score, where the model has a detector for places (docs/localization.md). */
    double paper_score;    /* mean of z^2; without such a detector the same as raw_score */
    double places_score;   /* the largest value of the map of places; NaN without one */
    double places_p_value; /* as p_value, of places_score; NaN without one or a calibration */
    /* Why the verdict is what it is: "above_threshold" (FAIL); "unlike_training" (the picture's
     * plain statistics lie outside all that training saw), "in_review_band", "below_all_good" (the
     * score is below low_threshold): REVIEW; "within_good" (PASS). Static storage; NULL: no
     * verdict. */
    const char *reason;
    double low_threshold; /* NaN: no score is too low, or the model does not know */
    /* Of a model that looks at pictures tile by tile (docs/tiles.md); 0 without tiles. */
    int tiles;       /* number scored: an early exit leaves some out */
    int tiles_above; /* whose value alone is above the threshold */
    int worst_x, worst_y, worst_width, worst_height; /* the tile with the largest value */
} dn_result;

/* ---- Where an image comes from --------------------------------------------------------------- */

typedef enum dn_pixel_format { DN_PIXELS_RGB, DN_PIXELS_BGR, DN_PIXELS_GREY } dn_pixel_format;

/* Exactly one of path, bytes and pixels is set. The library only reads them, during the call. */
typedef struct dn_image_source {
    size_t struct_size;
    const char *path;      /* an image file */
    const void *bytes;     /* an image file in memory, */
    size_t size;           /* of this many bytes */
    const uint8_t *pixels; /* rows from the top, `stride` bytes apart, 3 bytes a pixel (grey: 1) */
    dn_pixel_format format;
    int width, height;
    size_t stride;
    const char *name; /* of `bytes` in messages; NULL: "image in memory" */
} dn_image_source;

/* What an image file in memory is, from its header alone: the format ("PNG", "JPEG", "BMP", "PNM",
 * "TIFF", "WebP"; static storage) and the size in pixels, 0 where the header does not say. All but
 * the bytes may be NULL. DN_ERROR_FORMAT: nothing that can be read. */
DN_API dn_status dn_image_look(const void *bytes, size_t size, const char **format, size_t *width,
                               size_t *height, dn_error *error);

/* ---- Maps ------------------------------------------------------------------------------------ */

/* Where in an image the score comes from (docs/localization.md). The caller of dn_model_score owns
 * the map; several threads may read it at a time. A map keeps the decoded image, 3 bytes a pixel,
 * for its overlay. */
typedef struct dn_map dn_map;
DN_API void dn_map_free(dn_map *map);

/* Values [height][width] at the network's input size, or with tiles at the picture's own; none
 * below 0; valid as long as the map. */
DN_API const float *dn_map_values(const dn_map *map, int *width, int *height);

/* The value that maps of good images stay below; NaN if the model has no calibration. */
DN_API double dn_map_threshold(const dn_map *map);

/* Pixels above the threshold and, of a map of gradients, above a third of the map's largest value,
 * in pixels of the image as it was read. Parts that are near each other are one region
 * (docs/localization.md). The region with the highest score comes first. */
typedef struct dn_region {
    int x, y, width, height;       /* box */
    size_t area;                   /* pixels */
    double score;                  /* largest map value divided by the threshold: above 1 */
    double centroid_x, centroid_y; /* unweighted; pixel (0, 0) spans 0 to 1 */
} dn_region;
DN_API const dn_region *dn_map_regions(const dn_map *map, size_t *count);

/* All of them have the image's size. */
typedef enum dn_map_format {
    DN_MAP_TIFF, /* the values, f32, deflated */
    DN_MAP_PNG,  /* in colours, on one scale for all images of a model that are not far above it */
    DN_MAP_MASK, /* PNG: the regions in white on black */
    DN_MAP_OVERLAY /* PNG: the map over the image, an outline around each region; below it, unless
                      it is switched off, a strip with verdict, score, model and legend */
} dn_map_format;

/* Writes the map to a file, atomically; or makes the bytes of that file: dn_bytes_free. A TIFF is
 * written strip by strip and takes about 1 MiB; the others take as much as the image. After a
 * failure (DN_ERROR_IO, DN_ERROR_MEMORY) there is no file, and *bytes is NULL. */
DN_API dn_status dn_map_write(const dn_map *map, dn_map_format format, const char *path,
                              dn_error *error);
DN_API dn_status dn_map_encode(const dn_map *map, dn_map_format format, uint8_t **bytes,
                               size_t *size, dn_error *error);

/* The picture that dn_map_encode would pack, never with a strip: *pixels [*height][*width][3], RGB,
 * rows without padding; dn_bytes_free. DN_MAP_TIFF has no such picture: DN_ERROR_ARGUMENT. After a
 * failure *pixels is NULL. */
DN_API dn_status dn_map_pixels(const dn_map *map, dn_map_format format, uint8_t **pixels,
                               int *width, int *height, dn_error *error);

/* NULL is allowed. */
DN_API void dn_bytes_free(uint8_t *bytes);

/* ---- Models ---------------------------------------------------------------------------------- */

typedef struct dn_model dn_model;

typedef struct dn_model_options {
    size_t struct_size;
    const char *backbone;  /* weights file; NULL: the one the model was trained on */
    const char *device;    /* "auto" or "cpu"; NULL: auto */
    const char *compute;   /* backend: "auto", "onednn", "portable", "reference"; NULL: auto */
    const char *precision; /* "f32", "bf16", "int8"; NULL or "auto": as the model was trained */
    int threads;           /* 0: all processors of this process */
    int rotations;         /* 0: the model's n_transforms_test */
    /* Thresholds other than the model's; 0 or NULL: the model's (docs/verdict.md). */
    const char *threshold_rule; /* "conformal", "target_tpr", "f1_max", "youden" */
    double false_reject_rate;   /* for "conformal", which it implies */
    double review_rate;         /* negative: no REVIEW */
    double target_tpr;          /* for "target_tpr", which it does not imply */
    double threshold;           /* this value, whatever the scores are */
    double early_exit; /* score no more rotations once the verdict is this certain: 0.99; 0: off */
    int maps;          /* 1: dn_model_evaluate makes maps, writes them and measures them */
    int concurrency; /* calls that compute at once, each with memory of its own; further calls wait
                        in order. 0: processors / threads, at least 1 */
    double low_rate; /* share of good images that low scores may send to REVIEW; negative: none; 0:
                        the model's */
    int unlike; /* what becomes of pictures unlike those of training; 0: REVIEW; 1: a warning */
    int overlay_footer; /* strip below overlays: 1: there is one, -1: none, 0: as configured */
    const char *report_title, *report_note; /* of report.html; NULL: as configured */
} dn_model_options;

/* `path`: a model file, a results folder v<N>, or a class folder, whose file `latest` names one.
 * Maps the weights instead of reading them: opening takes milliseconds, and processes share one
 * copy. If a weight is not finite, every score fails with DN_ERROR_NUMERIC. `options` may be NULL.
 */
DN_API dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                               dn_error *error);
DN_API void dn_model_close(dn_model *model);

/* Whether results have a verdict: the model is calibrated, or its options set a threshold. */
DN_API int dn_model_judges(const dn_model *model);

/* The first 16 hexadecimal digits of the model file's SHA-256; valid as long as the model. */
DN_API const char *dn_model_id(const dn_model *model);

/* The region of interest, [height][width] at the network's input size: 1 inside, 0 outside; valid
 * as long as the model. NULL: the whole image (docs/roi.md). */
DN_API const uint8_t *dn_model_roi(const dn_model *model, int *width, int *height);

/* "f32", "bf16" or "int8": what the model computes in (docs/precision.md). `wanted` (may be NULL)
 * receives what was requested, which this processor may lack the instructions for. */
DN_API const char *dn_model_precision(const dn_model *model, const char **wanted);

/* What makes all scores of the model as it was opened doubtful, in one line: rotations that its
 * training never showed, another precision than it was trained in. NULL: nothing. Valid as long as
 * the model. */
DN_API const char *dn_model_warning(const dn_model *model);

/* Scores one image. `map` (may be NULL) receives its map: free it with dn_map_free; NULL after a
 * failure. The score is the same with and without a map, but a map costs time, and early_exit does
 * not apply. DN_ERROR_ARGUMENT: `source` is not valid; other failures concern the image. */
DN_API dn_status dn_model_score(dn_model *model, const dn_image_source *source, dn_result *result,
                                dn_map **map, dn_error *error);

/* Options of one call. */
typedef struct dn_score_options {
    size_t struct_size;
    /* Cancels the call if it returns anything but 0: DN_CANCELLED. Runs on the calling thread,
     * while the call waits for its turn and before each batch of rotations. It must not call
     * functions of the same model. NULL: the call cannot be cancelled. */
    int (*should_stop)(void *user);
    void *user;
} dn_score_options;

/* dn_model_score with options, which may be NULL. */
DN_API dn_status dn_model_score_with(dn_model *model, const dn_image_source *source,
                                     const dn_score_options *options, dn_result *result,
                                     dn_map **map, dn_error *error);

/* Announces an image file that will be scored soon: a background thread reads and decodes it while
 * another image is scored. dn_model_score of the same path then gives the result, or failure, that
 * it would give anyway. The model forgets a file that is never scored after a few others. Does
 * nothing in a model of one thread. Thread-safe. */
DN_API void dn_model_expect(dn_model *model, const char *path);

/* dn_model_score of an image file, without a map. */
DN_API dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                                     dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
