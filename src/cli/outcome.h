/* What comes of one image: its score, the files about it, its row. */
#ifndef DN_CLI_OUTCOME_H
#define DN_CLI_OUTCOME_H

#include "cli/batch.h"

typedef struct dn_outcome {
    dn_result result; /* after a failure only time and warnings */
    dn_map *map;      /* NULL: none is wanted */
    dn_map_files files;
    int failed; /* the image cannot be scored: */
    dn_error failure;
    int unwritten; /* a map or overlay could not be written */
} dn_outcome;

/* Scores an image. Free with dn_outcome_free. */
void dn_outcome_score(dn_batch *batch, const dn_image_source *source, dn_outcome *outcome);
void dn_outcome_free(dn_outcome *outcome);

/* Adds a warning, shortened in its middle if it is long. One too many takes the place of the last,
 * which then is a message on standard error. */
void dn_outcome_warn(dn_batch *batch, dn_outcome *outcome, const char *text);

/* Writes the maps that the command line asks for. A file that cannot be written is a warning. */
void dn_outcome_write_files(dn_batch *batch, const char *name, dn_outcome *outcome);

/* The row, as one line without a newline; dn_text_free. */
dn_status dn_outcome_row(dn_batch *batch, const char *name, const dn_outcome *outcome, char **row);

/* Counts the outcome, and prints its warnings if rows have no place for them. */
void dn_outcome_count(dn_batch *batch, const char *name, const dn_outcome *outcome);

#endif
