/* What a model file records besides its weights and settings: the calibration and the earlier ones,
 * what training has seen, and the file's own id. */
#ifndef DN_DETECT_MODEL_RECORD_H
#define DN_DETECT_MODEL_RECORD_H

#include "detect/detector.h"

/* The first digits of the SHA-256 of the file's header, which holds names, shapes, configuration
 * and the digests of all weights. */
void dn_record_id(const dn_tensor_file *file, char id[17]);

/* Each leaves its last argument alone where the file has no such record. DN_ERROR_FORMAT names
 * `path` and what is wrong. */
dn_status dn_record_calibration(const dn_tensor_file *file, const char *path,
                                dn_calibration *calibration, dn_error *error);
dn_status dn_record_history(const dn_tensor_file *file, const char *path,
                            dn_calibration_history *history, dn_error *error);
dn_status dn_record_seen(const dn_tensor_file *file, const char *path, dn_seen *seen,
                         dn_error *error);

#endif
