/* What the results of a training would depend on, found without training. */
#ifndef DN_API_MADE_OF_H
#define DN_API_MADE_OF_H

#include "classes/record.h"
#include "config/config.h"

/* Reads every picture and mask of the configuration's class. A picture that cannot be read counts
 * by its name. Two trainings with the same facts give the same bytes, paths and times aside. */
dn_status dn_made_of_find(const dn_config *config, dn_made_of *made_of, dn_error *error);

#endif
