/* What a model file knows besides its weights, in words: for `info`. */
#ifndef DN_API_DESCRIBE_MODEL_H
#define DN_API_DESCRIBE_MODEL_H

#include "base/text.h"
#include "report/json.h"
#include "tensors/tensor_file.h"

/* A line each for the model's id, its calibration and what that promises, the earlier ones, and
 * what training has seen. They say what a model of before does not hold. DN_ERROR_FORMAT. */
dn_status dn_describe_model_text(const dn_tensor_file *file, const char *path, dn_text *text,
                                 dn_error *error);

/* The same as members of the root. */
dn_status dn_describe_model_json(const dn_tensor_file *file, const char *path, dn_json *json,
                                 dn_error *error);

/* Metadata that these words replace: numbers without an end. */
int dn_describe_model_covers(const char *key);

#endif
