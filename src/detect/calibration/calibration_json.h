/* One calibration within a larger JSON text. */
#ifndef DN_DETECT_CALIBRATION_CALIBRATION_JSON_H
#define DN_DETECT_CALIBRATION_CALIBRATION_JSON_H

#include "base/text.h"
#include "detect/calibration/calibration.h"

#include <cJSON.h>

enum { DN_CALIBRATION_BYTES = 16 << 20 };

void dn_calibration_append(dn_text *text, const dn_calibration *calibration);

/* After a failure *calibration is empty. */
dn_status dn_calibration_of_tree(const char *name, const cJSON *tree, dn_calibration *calibration,
                                 dn_error *error);

/* Refuses a text that is too long or no JSON; cJSON_Delete. */
dn_status dn_calibration_tree(const char *name, const char *json, cJSON **tree, dn_error *error);

#endif
