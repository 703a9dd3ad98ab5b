/* Manifest CSV (RFC 4180, UTF-8 with or without a byte order mark, lines ending in \n, \r\n or, in
 * the whole file, \r): a header line that names at least image_path, label_index and split, in any
 * order; mask_path is optional, other columns are not looked at. Fields are separated by commas, or
 * by semicolons or tabs where the header line is. A spreadsheet's line "sep=;" may come first.
 * label_index: 0 good, more defective. split: train, test, val, validate or validation. */
#ifndef DN_DATASET_MANIFEST_H
#define DN_DATASET_MANIFEST_H

#include "dataset/dataset.h"

typedef struct dn_manifest_row {
    const char *image_path;
    const char *mask_path; /* NULL if none is given */
    dn_split split;
    int label;   /* 0 good, 1 defective */
    size_t line; /* of the file, from 1 */
} dn_manifest_row;

typedef struct dn_manifest {
    dn_manifest_row *rows;
    size_t count, capacity;
} dn_manifest;

/* Parses `text` of `size` bytes, which a zero byte must follow. The text is modified, and the rows
 * point into it. DN_ERROR_FORMAT names `name`, the line, what was found and what was expected. The
 * caller destroys the manifest, also after a failure. */
dn_status dn_manifest_parse(const char *name, char *text, size_t size, dn_manifest *manifest,
                            dn_error *error);
void dn_manifest_destroy(dn_manifest *manifest);

#endif
