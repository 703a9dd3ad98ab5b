/* How the original DifferNet (PyTorch) names the tensors of its state_dict; the flow's own names
 * are the same as ours (flow/parameters.c). */
#ifndef DN_INTERCHANGE_ORIGINAL_H
#define DN_INTERCHANGE_ORIGINAL_H

#include "detect/detector.h"

/* The whole AlexNet is part of it; DifferNet uses `features` alone. */
#define DN_ORIGINAL_EXTRACTOR "feature_extractor."

/* Each subnet carries a BatchNorm1d over its inputs that the forward pass never uses. */
#define DN_ORIGINAL_NORM ".bn."

#endif
