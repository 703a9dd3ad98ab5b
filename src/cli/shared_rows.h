/* The rows of pictures that the processes of a group share: the first one prints all of them, in
 * the order of the pictures. */
#ifndef DN_CLI_SHARED_ROWS_H
#define DN_CLI_SHARED_ROWS_H

#include "cli/cli.h"

/* Rows that each process collects before all of them are exchanged. */
#define DN_SHARED_ROWS 8

typedef struct dn_shared_rows dn_shared_rows;

/* Of all processes together. */
typedef struct dn_row_counts {
    size_t done, failed, unwritten, anomalous, for_review;
} dn_row_counts;

/* *rows NULL, and nothing to do, if this process is alone. */
dn_status dn_shared_rows_create(dn_cli *cli, dn_shared_rows **rows);
void dn_shared_rows_free(dn_shared_rows *rows);

/* The next picture, in order; whether it is this process's. */
int dn_shared_rows_next(dn_shared_rows *rows, const char *name);

/* Adds the row of the picture that dn_shared_rows_next named last. */
dn_status dn_shared_rows_add(dn_shared_rows *rows, const char *row);

/* After every picture, whoever's it was: exchanges and prints the rows now and then. DN_ERROR_DATA
 * if the processes see other pictures. */
dn_status dn_shared_rows_step(dn_shared_rows *rows);

/* There are no more pictures: prints the rest. `counts`: those of this process become those of all.
 */
dn_status dn_shared_rows_end(dn_shared_rows *rows, dn_row_counts *counts);

#endif
