/* Scores the images of `predict` in the order in which they come, and prints a row for each. */
#ifndef DN_CLI_BATCH_H
#define DN_CLI_BATCH_H

#include "cli/cli.h"

typedef struct dn_batch {
    dn_cli *cli;
    dn_model *model;
    dn_row_format format;
    size_t done, total;       /* images; total grows as folders are opened */
    int total_unknown;        /* images come one by one: their number is not known */
    size_t failed, anomalous; /* rows with an error; rows with the verdict FAIL */
    const char *next;         /* the file after the one being scored; NULL: not known */
} dn_batch;

/* Opens the model that the command line names and prints the heading, if the format has one. */
dn_status dn_batch_begin(dn_batch *batch, dn_cli *cli);

/* DN_ERROR_DATA if a row has an error; the rows say which. Sets cli->anomaly_found. */
dn_status dn_batch_end(dn_batch *batch);
void dn_batch_close(dn_batch *batch);

/* Scores an image and prints its row. An image that cannot be scored gets a row with its error. */
dn_status dn_batch_score(dn_batch *batch, const char *name, const dn_image_source *source);

/* The same, except that a failure is printed only if the attempt is `final`. *failed: whether the
 * image could not be scored. */
dn_status dn_batch_try(dn_batch *batch, const char *name, const dn_image_source *source, int final,
                       int *failed);

/* Prints the row of a result or, if `failure` is not NULL, of that failure. */
dn_status dn_batch_row(dn_batch *batch, const char *name, const dn_result *result,
                       const dn_error *failure);

/* Scores an operand: an image file, a folder, or a pattern that the shell did not expand. `after`
 * is the operand that follows; NULL: none. */
dn_status dn_batch_operand(dn_batch *batch, const char *operand, const char *after);

/* Scores the files and folders that standard input names, one a line; or the image file that
 * standard input is. */
dn_status dn_batch_names(dn_batch *batch);
dn_status dn_batch_standard_input(dn_batch *batch);

/* Shows the progress. DN_CANCELLED after an interrupt. */
dn_status dn_batch_progress(dn_batch *batch);

/* Scores the files of a folder as they appear, until an interrupt (which is no error) or until the
 * folder is gone (DN_ERROR_IO). */
dn_status dn_batch_watch(dn_batch *batch, const char *folder);

#endif
