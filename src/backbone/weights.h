/* The frozen AlexNet's weights: torchvision.models.alexnet().features, convolutions 0, 3, 6, 8, 10.
 */
#ifndef DN_BACKBONE_WEIGHTS_H
#define DN_BACKBONE_WEIGHTS_H

#include "base/digest.h"
#include "tensors/tensor_file.h"

enum { DN_BACKBONE_CONVOLUTIONS = 5, DN_BACKBONE_CHANNELS = 256 };

typedef struct dn_backbone_layer {
    int index; /* in torchvision's Sequential: "features.<index>.weight" */
    int in_channels, out_channels, kernel, stride, padding;
    int pool; /* a 3/2 max-pool follows the ReLU */
} dn_backbone_layer;

extern const dn_backbone_layer dn_backbone_layers[DN_BACKBONE_CONVOLUTIONS];

enum { DN_BACKBONE_MAX_SCALES = 8 };

/* Of u8 activations: behind each layer but the last, at each scale. */
typedef struct dn_backbone_steps {
    int known;
    float step[DN_BACKBONE_MAX_SCALES][DN_BACKBONE_CONVOLUTIONS - 1];
} dn_backbone_steps;

typedef struct dn_backbone_weights {
    float *block;
    const float *weight[DN_BACKBONE_CONVOLUTIONS]; /* [out][in][kernel][kernel] */
    const float *bias[DN_BACKBONE_CONVOLUTIONS];
    char name[128];                    /* file name, or what was drawn */
    char digest[DN_DIGEST_LENGTH + 1]; /* SHA-256 of all weights as f32, in layer order */
    dn_backbone_steps steps;           /* found on training images; for int8 */
} dn_backbone_weights;

/* Number of tensors: a weight and a bias per convolution. */
enum { DN_BACKBONE_TENSORS = 2 * DN_BACKBONE_CONVOLUTIONS };

/* Tensor `index` of the weights with `stem` before its name: "features." makes "features.0.weight".
 * `name` (of at least 64 bytes) backs tensor->name. */
void dn_backbone_tensor_at(const dn_backbone_weights *weights, size_t index, const char *stem,
                           char *name, dn_tensor *tensor);

/* From an open file, tensors named <stem><i>.weight|bias; other tensors are ignored. */
dn_status dn_backbone_weights_from(const dn_tensor_file *file, const char *stem, const char *name,
                                   dn_backbone_weights *weights, dn_error *error);

/* From a file: torchvision's .pth (zip or legacy, with or without classifier, also of `features`
 * alone) or safetensors; the names may carry a prefix such as "backbone." or "feature_extractor.".
 */
dn_status dn_backbone_weights_load(const char *path, dn_backbone_weights *weights, dn_error *error);

/* He initialisation (normal, variance 2/fan_in; biases 0) from a fixed seed: not trained on
 * anything. */
dn_status dn_backbone_weights_random(dn_backbone_weights *weights, dn_error *error);

void dn_backbone_weights_free(dn_backbone_weights *weights);

#endif
