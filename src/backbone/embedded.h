/* The backbones that are built into the library, so that no file is needed: data/backbone/, trained
 * by this project on drawn images (tools/pretrain/README.md). */
#ifndef DN_BACKBONE_EMBEDDED_H
#define DN_BACKBONE_EMBEDDED_H

#include "backbone/weights.h"

#define DN_BACKBONE_EMBEDDED_NAME "embedded backbone" /* in messages */

/* Values of `backbone`: the embedded weights, and random ones, of AlexNet; ":NETWORK" after either
 * names another network. */
#define DN_BACKBONE_EMBEDDED "embedded"
#define DN_BACKBONE_RANDOM "random"

/* A network's embedded safetensors file with its card in the metadata; valid for the life of the
 * process. DN_ERROR_CONFIG if there is none. */
dn_status dn_backbone_embedded_open(const dn_network *network, dn_tensor_file **file,
                                    dn_error *error);

/* What a value of `backbone` is; "" is the embedded AlexNet. */
int dn_backbone_is_random(const char *choice);
int dn_backbone_is_embedded(const char *choice);

/* The network of an embedded or random choice; DN_ERROR_CONFIG if the name is unknown. */
dn_status dn_backbone_network_of(const char *choice, const dn_network **network, dn_error *error);

/* The weights that the configuration key `backbone` names: embedded ones, random ones, or those of
 * a file. */
dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error);

#endif
