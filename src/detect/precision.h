/* Which precision is computed in: what was asked for, as far as the processor has it
 * (docs/precision.md). */
#ifndef DN_DETECT_PRECISION_H
#define DN_DETECT_PRECISION_H

#include "compute/compute.h"
#include "config/config.h"

/* The one that the configuration names; f32 for auto, whose choice is made with images
 * (train/choices/auto_precision.h). */
dn_precision dn_precision_wanted(const dn_config *config);

/* Tells the observer where the processor lacks the instructions for what was wanted. */
void dn_tell_precision(const dn_observer *observer, dn_precision wanted, dn_precision real);

/* Whether a model that was trained in one precision computes in another: its flow takes the other's
 * rounding errors for something unusual (docs/precision.md). `text` then receives the warning. */
enum { DN_PRECISION_DOUBT_TEXT = 256 };
int dn_precision_differs(dn_precision trained, dn_precision real,
                         char text[DN_PRECISION_DOUBT_TEXT]);

/* Opens the configuration's backend in `wanted`, and tells. */
dn_status dn_precision_open(const dn_config *config, dn_precision wanted,
                            const dn_observer *observer, dn_compute *compute, dn_error *error);

#endif
