/* Weights of a convolution as oneDNN describes them. */
#ifndef DN_COMPUTE_ONEDNN_WEIGHTS_H
#define DN_COMPUTE_ONEDNN_WEIGHTS_H

#include "compute/compute.h"

#include <oneapi/dnnl/dnnl.h>

/* [out][in][kernel][kernel] of a convolution in one group, else with the group as an axis of its
 * own. `plain`: in PyTorch's order; otherwise oneDNN chooses the layout. */
static inline dnnl_status_t dn_onednn_describe_weights(const dn_convolution_shape *shape,
                                                       dnnl_data_type_t type, int plain,
                                                       dnnl_memory_desc_t *weights) {
    int groups = shape->groups, k = shape->kernel;
    const dnnl_dims_t whole = {shape->out_channels, shape->channels, k, k};
    const dnnl_dims_t split = {groups, shape->out_channels / groups, shape->channels / groups, k,
                               k};
    if (groups == 1)
        return dnnl_memory_desc_init_by_tag(weights, 4, whole, type,
                                            plain ? dnnl_oihw : dnnl_format_tag_any);
    return dnnl_memory_desc_init_by_tag(weights, 5, split, type,
                                        plain ? dnnl_goihw : dnnl_format_tag_any);
}

#endif
