/* The models that a station serves, by name. A model whose file is replaced is loaded beside the
 * running one, tried on pictures that were judged lately, and takes its place; a request that runs
 * keeps the model that it began with. Thread-safe. */
#ifndef DN_STATION_MODELS_MODELS_H
#define DN_STATION_MODELS_MODELS_H

#include "station/base/buffer.h"
#include "station/config/settings.h"

typedef struct dn_models dn_models;
typedef struct dn_model_use dn_model_use; /* a loaded model, as long as somebody uses it */

/* Called after a change that people should hear of: a swap, or one that failed. */
typedef void dn_models_tell(void *user, const char *name);

/* Opens all of them; the first that fails ends it. */
dn_status dn_models_create(const dn_serve_settings *settings, dn_models_tell *tell, void *user,
                           dn_models **models, dn_error *error);
void dn_models_destroy(dn_models *self);

/* Opens what is new in the settings or has other options, and drops what is not in them. A model
 * that cannot be opened leaves everything as it was. */
dn_status dn_models_configure(dn_models *self, const dn_serve_settings *settings, dn_error *error);

/* NULL: no model has that name. Give it back. */
dn_model_use *dn_models_take(dn_models *self, const char *name);
void dn_models_give(dn_model_use *use);
dn_model *dn_model_of(const dn_model_use *use);

/* Remembers a picture that was scored, to try the next model on. */
void dn_models_remember(dn_models *self, const char *name, const void *bytes, size_t size);

/* Counts a verdict and how long it took, for dn_models_describe. */
void dn_models_count(dn_models *self, const char *name, dn_verdict verdict, double milliseconds);

/* Looks at the files of all models and loads what was replaced; `now`: without waiting until a file
 * has rested. Call it every second, from one thread at a time. */
void dn_models_look(dn_models *self, int now);

/* JSON: an array of all models, or the object of one (NULL: all). Returns 0 if there is none. */
int dn_models_describe(dn_models *self, const char *name, dn_buffer *json);

/* Whether every model runs in the version that lies on disk. */
int dn_models_are_current(dn_models *self);

/* The name of model `index`, until the next dn_models_configure; NULL past the last. */
const char *dn_models_name(dn_models *self, size_t index);

#endif
