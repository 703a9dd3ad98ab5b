/* Reads weights as other programs save them: recognises the network by its tensors and folds batch
 * normalisations into the convolutions. */
#ifndef DN_BACKBONE_IMPORT_WEIGHTS_H
#define DN_BACKBONE_IMPORT_WEIGHTS_H

#include "backbone/weights.h"

/* Whether the file holds the first convolution of a known network under any of its names. */
int dn_backbone_recognise(const dn_tensor_file *file);

typedef struct dn_import_summary {
    size_t used;       /* tensors of the file */
    size_t normalised; /* convolutions that a normalisation was folded into */
} dn_import_summary;

/* Finds the network that fits the file (the one with the most convolutions, if several do) and
 * reads its weights: w' = w g / sqrt(v + epsilon),  b' = (b - m) g / sqrt(v + epsilon) + beta in
 * double, rounded once. Tries `network` only, or all known networks if it is NULL. DN_ERROR_FORMAT
 * names a tensor that is missing, has another shape or does not belong to the network. */
dn_status dn_backbone_import(const dn_tensor_file *file, const char *path,
                             const dn_network *network, dn_backbone_weights *weights,
                             dn_import_summary *summary, dn_error *error);

#endif
