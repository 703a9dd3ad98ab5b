/* dn_metrics as a JSON tree, for dn_metrics_text and metrics.json. */
#ifndef DN_REPORT_METRICS_H
#define DN_REPORT_METRICS_H

#include "report/json.h"

void dn_metrics_to_json(dn_json *json, const dn_metrics *metrics);

#endif
