/* How large the values of a network can become. */
#ifndef DN_BACKBONE_VALUE_RANGE_H
#define DN_BACKBONE_VALUE_RANGE_H

#include "backbone/weights.h"

/* DN_ERROR_NUMERIC, naming `file` and the tensor, if some picture could make a value of the network
 * larger than any real network's: the file is damaged. A check of the features would not be enough,
 * because a ReLU may turn an overflow, infinity minus infinity, into 0. */
dn_status dn_backbone_check_range(const dn_backbone_weights *weights, const char *file,
                                  dn_error *error);

#endif
