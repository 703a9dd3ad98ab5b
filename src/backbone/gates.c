#include "backbone/gates.h"

dn_status dn_keep_gates(const dn_compute *compute, const dn_geometry *geometry, int i,
                        uint8_t *gates, const void *out, dn_element element, int count,
                        dn_error *error) {
    dn_pooling_shape pool = geometry->pool[i];
    pool.batch = count;
    if (dn_backbone_layers[i].pool)
        return compute->backend->pooling_gates(compute->context, gates, out, element, &pool, error);
    return compute->backend->activation_gates(compute->context, gates, out, element, 1,
                                              DN_ACTIVATION_RELU,
                                              (size_t)count * geometry->gates[i], error);
}
