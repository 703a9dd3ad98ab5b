/* The rows of `predict`: images are scored one after the other, in the order in which they come. */
#ifndef DN_CLI_BATCH_H
#define DN_CLI_BATCH_H

#include "cli/cli.h"

typedef struct dn_batch {
    dn_cli *cli;
    dn_model *model;
    dn_row_format format;
    size_t done, total;       /* images; total grows as folders are opened */
    int total_unknown;        /* images come one by one, nobody knows how many */
    size_t failed, anomalous; /* rows with an error; rows with the verdict FAIL */
    const char *next;         /* the file after the one being scored, where it is known, or NULL */
} dn_batch;

/* Opens the model of the command line and writes the heading, if the format has one. */
dn_status dn_batch_begin(dn_batch *batch, dn_cli *cli);

/* DN_ERROR_DATA when a row has an error; the rows have said which. Notes in the cli whether an
 * anomaly is to end the program with 3. */
dn_status dn_batch_end(dn_batch *batch);
void dn_batch_close(dn_batch *batch);

/* Scores an image and writes its row; an image that cannot be scored gets one as well. */
dn_status dn_batch_score(dn_batch *batch, const char *name, const dn_image_source *source);

/* The same, unless the image cannot be scored and the attempt is not `final`: then *failed is 1 and
 * no row is written. */
dn_status dn_batch_try(dn_batch *batch, const char *name, const dn_image_source *source, int final,
                       int *failed);

/* The row alone: of a result, or of a failure (not NULL). */
dn_status dn_batch_row(dn_batch *batch, const char *name, const dn_result *result,
                       const dn_error *failure);

/* An operand: an image file, a folder, or a pattern that the shell left alone; and the one after it
 * (NULL: none). */
dn_status dn_batch_operand(dn_batch *batch, const char *operand, const char *after);

/* File names or folders on standard input, one a line; or one image file there. */
dn_status dn_batch_names(dn_batch *batch);
dn_status dn_batch_standard_input(dn_batch *batch);

/* Shows progress; DN_CANCELLED after an interrupt. */
dn_status dn_batch_progress(dn_batch *batch);

/* Scores the files of a folder as they appear, until an interrupt (which is no error) or until the
 * folder is gone (DN_ERROR_IO). */
dn_status dn_batch_watch(dn_batch *batch, const char *folder);

#endif
