/* Scores the images of `predict` in the order in which they come, and prints a row for each. */
#ifndef DN_CLI_BATCH_H
#define DN_CLI_BATCH_H

#include "cli/cli.h"
#include "cli/shared_rows.h"
#include "program/model_file.h"

typedef struct dn_batch {
    dn_cli *cli;
    dn_model *model;
    dn_model_file model_file;
    dn_row_format format;
    dn_verdict fail_on;           /* the least verdict with an exit status of its own; NONE: none */
    int keeps_files;              /* maps of a name do not overwrite earlier ones */
    size_t done, total;           /* images; total grows as folders are opened */
    int total_unknown;            /* images come one by one: their number is not known */
    size_t failed, unwritten;     /* rows with an error; rows whose maps could not be written */
    size_t anomalous, for_review; /* rows with the verdict FAIL; REVIEW */
    dn_part *part;                /* --shard: rows go into it; NULL: to the output */
    size_t stride;                /* from one picture of the share to the next */
    dn_shared_rows *shared;       /* of several processes: their rows; NULL: this one is alone */
    const char *next;             /* the file after the one being scored; NULL: not known */
} dn_batch;

/* Opens the model that the command line names. */
dn_status dn_batch_begin(dn_batch *batch, dn_cli *cli);

/* Prints the heading, if the format has one. */
dn_status dn_batch_heading(dn_batch *batch);

/* DN_ERROR_DATA if a row has an error, DN_ERROR_IO if files are missing; the rows say which. Sets
 * cli->verdict_status. */
dn_status dn_batch_end(dn_batch *batch);
void dn_batch_close(dn_batch *batch);

/* Scores an image and prints its row. An image that cannot be scored gets a row with its error. */
dn_status dn_batch_score(dn_batch *batch, const char *name, const dn_image_source *source);

/* Prints the row of what cannot even be opened. */
dn_status dn_batch_fail(dn_batch *batch, const char *name, const dn_error *failure);

/* Scores an operand: an image file, a folder, or a pattern that the shell did not expand. `after`
 * is the operand that follows; NULL: none. */
dn_status dn_batch_operand(dn_batch *batch, const char *operand, const char *after);

/* Scores the files and folders that standard input names, one a line; or the image file that
 * standard input is. */
dn_status dn_batch_names(dn_batch *batch);
dn_status dn_batch_standard_input(dn_batch *batch);

/* Shows the progress. DN_CANCELLED after an interrupt. */
dn_status dn_batch_progress(dn_batch *batch);

#endif
