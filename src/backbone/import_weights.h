/* Weights as other programs save them, with batch normalisations that are not ours: which network
 * they are of, and the normalisations folded into the convolutions. */
#ifndef DN_BACKBONE_IMPORT_WEIGHTS_H
#define DN_BACKBONE_IMPORT_WEIGHTS_H

#include "backbone/weights.h"

/* Whether the file has the first convolution of a known network under one of its names. */
int dn_backbone_recognise(const dn_tensor_file *file);

typedef struct dn_import_summary {
    size_t used;       /* tensors of the file */
    size_t normalised; /* convolutions that a normalisation was folded into */
} dn_import_summary;

/* The network, of all that fit the file the one with the most convolutions, and its weights:
 *     w' = w g / sqrt(v + epsilon),  b' = (b - m) g / sqrt(v + epsilon) + beta
 * in double, rounded once. `network` is the only one to be tried, or NULL: all known ones.
 * DN_ERROR_FORMAT names the tensor that is missing, of another shape, or not of that network. */
dn_status dn_backbone_import(const dn_tensor_file *file, const char *path,
                             const dn_network *network, dn_backbone_weights *weights,
                             dn_import_summary *summary, dn_error *error);

#endif
