/* The file of a model that a person names by its folder. */
#ifndef DN_DETECT_MODEL_PATH_H
#define DN_DETECT_MODEL_PATH_H

#include "base/error.h"

#define DN_MODEL_FILE "model.safetensors" /* in a results folder */

enum { DN_MODEL_PATH = 4096 };

/* `named`: a model file (used as it is, also if it does not exist), a results folder v<N>, or a
 * class folder, whose file `latest` names one. DN_ERROR_DATA says what a folder lacks. */
dn_status dn_model_path_find(const char *named, char path[DN_MODEL_PATH], dn_error *error);

#endif
