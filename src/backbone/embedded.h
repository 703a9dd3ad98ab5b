/* The backbone that the product carries: data/backbone/, trained by the project on drawn images
 * (tools/pretrain/README.md), built into the library so that there is nothing to fetch or to find.
 */
#ifndef DN_BACKBONE_EMBEDDED_H
#define DN_BACKBONE_EMBEDDED_H

#include "backbone/weights.h"

#define DN_BACKBONE_EMBEDDED "embedded backbone" /* its name in messages */
/* The `backbone` that asks for random weights, of AlexNet or, after a colon, of another network. */
#define DN_BACKBONE_RANDOM "random"

/* The embedded safetensors file with its card in the metadata; valid for the life of the process.
 */
dn_status dn_backbone_embedded_open(dn_tensor_file **file, dn_error *error);

int dn_backbone_is_random(const char *choice);

/* What the configuration key `backbone` names: "" the embedded one, "random" or "random:NETWORK"
 * random weights, anything else a file. */
dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error);

#endif
