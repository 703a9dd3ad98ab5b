/* What a forward pass keeps for the way back. */
#ifndef DN_BACKBONE_GATES_H
#define DN_BACKBONE_GATES_H

#include "backbone/geometry.h"

/* The gates behind layer i of `count` images, of which `out` is the ReLU's output. A pooling behind
 * it is gated with it. */
dn_status dn_keep_gates(const dn_compute *compute, const dn_geometry *geometry, int i,
                        uint8_t *gates, const void *out, dn_element element, int count,
                        dn_error *error);

#endif
