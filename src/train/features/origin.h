/* The origin of numbers: everything that features and weights depend on besides pictures and
 * settings. What is kept on disk names it, because numbers of another origin differ in their last
 * bits. */
#ifndef DN_TRAIN_ORIGIN_H
#define DN_TRAIN_ORIGIN_H

#include "compute/compute.h"

enum { DN_ORIGIN_FACTS = 5, DN_ORIGIN_TEXT = 192 };

typedef struct dn_origin_fact {
    const char *name; /* program, decoders, compute, instructions, precision */
    char text[DN_ORIGIN_TEXT];
} dn_origin_fact;

/* The origin of numbers that `compute` calculates in this process. */
void dn_origin_of(const dn_compute *compute, dn_origin_fact facts[DN_ORIGIN_FACTS]);

#endif
