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

typedef struct dn_result {
    double raw_score;  /* mean of z^2 over rotations and dims (paper, section 3.3) */
    double score_std;  /* spread of the score over the rotations (population) */
    double elapsed_ms; /* from reading the file to the score */
} dn_result;

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

/* ---- Image files and rows -------------------------------------------------------------------- */

/* The image files of a path: itself, or everything below a folder, sorted. `skipped` counts the
 * files passed over as no images. Free with dn_image_list_free. */
typedef struct dn_image_list {
    char **paths;
    size_t count, skipped;
} dn_image_list;

DN_API dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error);
DN_API void dn_image_list_free(dn_image_list *list);

/* One JSON line, without newline: a result, or what went wrong (`failure` not NULL). */
DN_API dn_status dn_result_json(const char *image_path, const char *model_id,
                                const dn_result *result, const dn_error *failure, char **text,
                                dn_error *error);

#ifdef __cplusplus
}
#endif

#endif
