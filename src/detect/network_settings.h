/* Applies a network's defaults to a configuration and checks one against the other. */
#ifndef DN_DETECT_NETWORK_SETTINGS_H
#define DN_DETECT_NETWORK_SETTINGS_H

#include "backbone/network.h"
#include "config/config.h"

/* Gives the keys that nobody set the network's own defaults, warns of a normalisation that is not
 * the one the network was trained with, and checks the sizes. */
dn_status dn_network_settings_apply(const dn_network *network, dn_config *config,
                                    const dn_observer *observer, dn_error *error);

/* Where the configuration has tiles of a side, gives the keys that nobody set the defaults that
 * suit them: the tile is the input, one upright view of each, features that are computed once. */
dn_status dn_tile_settings_apply(dn_config *config, dn_error *error);

/* Warns where scores would be at angles that the training does not show: dn_model_warning of the
 * model that it would make. */
void dn_angles_warn(const dn_config *config, const dn_observer *observer);

/* DN_ERROR_CONFIG where img_size and n_scales give images too small for the network. */
dn_status dn_network_settings_check(const dn_network *network, const dn_config *config,
                                    dn_error *error);

#endif
