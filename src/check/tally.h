/* Counts the images of a class. */
#ifndef DN_CHECK_TALLY_H
#define DN_CHECK_TALLY_H

#include "check/record.h"

/* Images per folder, size and kind; totals per split. */
dn_status dn_tally(const dn_dataset *dataset, const dn_record *records, dn_checked_class *class,
                   dn_error *error);

#endif
