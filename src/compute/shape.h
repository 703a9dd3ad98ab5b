/* Extents of outputs, and the checks that every backend makes before it creates an object, so that
 * all backends refuse the same shapes with the same message. */
#ifndef DN_COMPUTE_SHAPE_H
#define DN_COMPUTE_SHAPE_H

#include "compute/compute.h"

typedef struct dn_extent {
    int height, width;
} dn_extent;

/* Of the output; valid for checked shapes. */
dn_extent dn_convolution_extent(const dn_convolution_shape *shape);
dn_extent dn_pooling_extent(const dn_pooling_shape *shape);

/* DN_ERROR_ARGUMENT names the extent that is out of range. */
dn_status dn_check_convolution(const dn_convolution_shape *shape, dn_error *error);
dn_status dn_check_pooling(const dn_pooling_shape *shape, dn_error *error);
dn_status dn_check_pooling_gates(const dn_pooling_shape *shape, dn_error *error);
/* DN_ACTIVATION_NONE has no gates. */
dn_status dn_check_activation_gates(dn_activation activation, dn_error *error);
dn_status dn_check_images(const char *operation, int images, int batch, dn_error *error);
dn_status dn_check_fold(const dn_fold_shape *shape, dn_element element, dn_error *error);
dn_status dn_check_linear(const char *operation, int rows, int inputs, int outputs,
                          dn_error *error);

/* The input position that nearest_resize reads for an output position, in PyTorch's arithmetic:
 * exact integers would differ by one for a few sizes (106 to 26, for instance). */
int dn_nearest_position(int position, int extent, int out_extent);

#endif
