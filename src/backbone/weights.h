/* The weights of a frozen network, a kernel and a bias for each convolution: from a file or random.
 */
#ifndef DN_BACKBONE_WEIGHTS_H
#define DN_BACKBONE_WEIGHTS_H

#include "backbone/network.h"
#include "base/digest.h"
#include "tensors/tensor_file.h"

enum { DN_BACKBONE_MAX_SCALES = 8, DN_BACKBONE_NAME_SIZE = 64 };

/* Metadata keys of a weights file. A file without DN_WEIGHTS_NETWORK holds AlexNet. */
#define DN_WEIGHTS_NETWORK "network"
#define DN_WEIGHTS_LICENCE "licence"
#define DN_WEIGHTS_ORIGIN "origin"

/* The steps of int8's activations, for each scale and convolution. 0 for values that stay in f32
 * and for steps that are not convolutions. */
typedef struct dn_backbone_steps {
    int known;
    float step[DN_BACKBONE_MAX_SCALES][DN_NETWORK_MOST_STEPS];
} dn_backbone_steps;

typedef struct dn_backbone_weights {
    const dn_network *network;
    float *block;
    /* of each convolution, indexed by step: [out][in/groups][kernel][kernel] */
    const float *weight[DN_NETWORK_MOST_STEPS];
    const float *bias[DN_NETWORK_MOST_STEPS];
    char name[128];                 /* file name, or "random ..." */
    char licence[128], origin[256]; /* as the file's metadata has them; may be empty */
    char
        digest[DN_DIGEST_LENGTH + 1]; /* SHA-256 of all weights as f32, in the order of the steps */
    dn_backbone_steps steps;          /* found on training images; for int8 */
} dn_backbone_weights;

/* The number of tensors: a weight and a bias for each convolution. */
size_t dn_backbone_tensor_count(const dn_network *network);

/* Tensor `index` of the weights with `prefix` before its name: "backbone." makes
 * "backbone.features.0.weight". `name` (DN_BACKBONE_NAME_SIZE bytes) backs tensor->name. */
void dn_backbone_tensor_at(const dn_backbone_weights *weights, size_t index, const char *prefix,
                           char *name, dn_tensor *tensor);

/* Allocates a network's weights without filling them. dn_backbone_values gives write access to the
 * weight or bias `of`. */
dn_status dn_backbone_weights_allocate(const dn_network *network, dn_backbone_weights *weights,
                                       dn_error *error);
float *dn_backbone_values(const dn_backbone_weights *weights, const float *of);

/* Computes weights->digest. Call it last on new weights. */
dn_status dn_backbone_weights_digest(dn_backbone_weights *weights, dn_error *error);

/* Reads an open file, with `prefix` before the network's tensor names; other tensors are ignored.
 * `name` is for messages and becomes weights->name. DN_ERROR_FORMAT names a tensor that is missing
 * or has another shape, DN_ERROR_NUMERIC a number that is not finite, or weights with which values
 * of the network might overflow (value_range.h). */
dn_status dn_backbone_weights_from(const dn_tensor_file *file, const dn_network *network,
                                   const char *prefix, const char *name,
                                   dn_backbone_weights *weights, dn_error *error);

/* Reads a file: safetensors whose metadata names the network, or AlexNet's weights without such
 * metadata. The latter may be torchvision's .pth (zip or legacy, with or without classifier, also
 * of `features` alone) or safetensors, and the names may have a prefix such as
 * "feature_extractor.". Weights with batch normalisations must be imported first
 * (import_weights.h). */
dn_status dn_backbone_weights_load(const char *path, dn_backbone_weights *weights, dn_error *error);

/* Untrained weights: normal numbers from a fixed seed with variance 2/fan_in (He), or 1/fan_in if
 * the convolution reads values without an activation. Biases are 0. */
dn_status dn_backbone_weights_random(const dn_network *network, dn_backbone_weights *weights,
                                     dn_error *error);

void dn_backbone_weights_free(dn_backbone_weights *weights);

#endif
