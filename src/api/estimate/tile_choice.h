/* Resolves `tiles: auto` with the pictures of a data set. */
#ifndef DN_API_TILE_CHOICE_H
#define DN_API_TILE_CHOICE_H

#include "config/config.h"
#include "dataset/dataset.h"

/* Sets `tiles` to off or a side, and `tile_scale` where nobody did, then the defaults that follow
 * from them (dn_tile_settings_apply); tells the observer why. Looks at some training pictures and
 * masks. Does nothing where `tiles` is not auto. */
dn_status dn_tile_choice_resolve(dn_config *config, const dn_dataset *dataset,
                                 const dn_observer *observer, dn_error *error);

#endif
