/* The findings of dn_check_run, as text for people or as JSON. */
#ifndef DN_REPORT_CHECK_H
#define DN_REPORT_CHECK_H

#include "check/check.h"
#include "report/estimate.h"

/* `estimates`, of each class's training, may be NULL. */
dn_status dn_report_check(const dn_check_report *check, const dn_report_estimate *estimates,
                          int json, char **text, dn_error *error);

#endif
