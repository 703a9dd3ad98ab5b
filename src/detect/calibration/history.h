/* The calibrations that a model had before its present one, so that `calibrate --undo` can go back.
 * A model file keeps them as a JSON array under the metadata key "earlier_calibrations". */
#ifndef DN_DETECT_CALIBRATION_HISTORY_H
#define DN_DETECT_CALIBRATION_HISTORY_H

#include "detect/calibration/calibration.h"

/* Kept at most; the oldest is forgotten first, also where the JSON would exceed 16 MiB. */
enum { DN_HISTORY_MOST = 8 };

typedef struct dn_calibration_history {
    dn_calibration entries[DN_HISTORY_MOST]; /* oldest first; owned */
    size_t count;
} dn_calibration_history;

void dn_calibration_history_free(dn_calibration_history *history);

/* Adds a copy. */
dn_status dn_calibration_history_push(dn_calibration_history *history,
                                      const dn_calibration *calibration, dn_error *error);

/* Moves the newest into *calibration, whose own content is freed. DN_ERROR_DATA if there is none.
 */
dn_status dn_calibration_history_pop(dn_calibration_history *history, dn_calibration *calibration,
                                     dn_error *error);

/* As dn_calibration_to_json and dn_calibration_parse. */
dn_status dn_calibration_history_to_json(const dn_calibration_history *history, char **json,
                                         dn_error *error);
dn_status dn_calibration_history_parse(const char *name, const char *json,
                                       dn_calibration_history *history, dn_error *error);

#endif
