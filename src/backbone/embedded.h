/* The backbone that is built into the library, so that no file is needed: data/backbone/, trained
 * by this project on drawn images (tools/pretrain/README.md). */
#ifndef DN_BACKBONE_EMBEDDED_H
#define DN_BACKBONE_EMBEDDED_H

#include "backbone/weights.h"

#define DN_BACKBONE_EMBEDDED "embedded backbone" /* its name in messages */
/* The value of `backbone` for random weights of AlexNet; ":NETWORK" after it names another network.
 */
#define DN_BACKBONE_RANDOM "random"

/* The embedded safetensors file with its card in the metadata; valid for the life of the process.
 */
dn_status dn_backbone_embedded_open(dn_tensor_file **file, dn_error *error);

int dn_backbone_is_random(const char *choice);

/* The weights that the configuration key `backbone` names: "" the embedded ones, "random" or
 * "random:NETWORK" random ones, anything else a file. */
dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error);

#endif
