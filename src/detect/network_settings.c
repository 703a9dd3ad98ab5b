#include "detect/network_settings.h"

#include "base/observer.h"
#include "detect/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double ROUNDING = 1e-6; /* numbers in a configuration file may be rounded */

static int differs(const double own[3], const double set[3]) {
    for (int c = 0; c < 3; c++)
        if (fabs(own[c] - set[c]) > ROUNDING)
            return 1;
    return 0;
}

/* A configuration file that was written for another network may set these keys. */
static dn_status compare_normalization(const dn_network *network, const dn_config *config,
                                       const dn_observer *observer, dn_error *error) {
    dn_config *own = NULL;
    DN_TRY(dn_config_create(&own, error));
    dn_status status = DN_OK;
    for (int i = 0; i < network->setting_count && status == DN_OK; i++)
        status =
            dn_config_default(own, network->settings[i].key, network->settings[i].value, error);
    if (status == DN_OK &&
        (differs(own->norm_mean, config->norm_mean) || differs(own->norm_std, config->norm_std)))
        dn_tell(observer, DN_WARNING,
                "norm_mean and norm_std are not those that %s was trained with: norm_mean [%g, %g, "
                "%g], norm_std [%g, %g, %g]",
                network->title, own->norm_mean[0], own->norm_mean[1], own->norm_mean[2],
                own->norm_std[0], own->norm_std[1], own->norm_std[2]);
    dn_config_destroy(own);
    return status;
}

dn_status dn_tile_settings_apply(dn_config *config, dn_error *error) {
    char size[64];
    int side = dn_config_tiles(config);
    if (side <= DN_TILES_AUTO)
        return DN_OK;
    snprintf(size, sizeof size, "[%d, %d]", side, side);
    DN_TRY(dn_config_default(config, "img_size", size, error));
    DN_TRY(dn_config_default(config, "transf_rotations", "false", error));
    DN_TRY(dn_config_default(config, "n_transforms_test", "1", error));
    DN_TRY(dn_config_default(config, "train_rotations", "even:1", error));
    return dn_config_default(config, "n_transforms", "16", error);
}

dn_status dn_network_settings_apply(const dn_network *network, dn_config *config,
                                    const dn_observer *observer, dn_error *error) {
    for (int i = 0; i < network->setting_count; i++)
        DN_TRY(
            dn_config_default(config, network->settings[i].key, network->settings[i].value, error));
    DN_TRY(dn_tile_settings_apply(config, error));
    DN_TRY(compare_normalization(network, config, observer, error));
    DN_TRY(dn_config_check(config, error)); /* the network's defaults against what was set */
    return dn_network_settings_check(network, config, error);
}

dn_status dn_network_settings_check(const dn_network *network, const dn_config *config,
                                    dn_error *error) {
    for (int side = 0; side < 2; side++) {
        int smallest = config->img_size[side] >> (config->n_scales - 1);
        if (smallest < network->least_side)
            return dn_fail(error, DN_ERROR_CONFIG,
                           "n_scales %d shrinks img_size %d to %d pixels, %s needs %d: set fewer "
                           "scales or an img_size of at least %d",
                           config->n_scales, config->img_size[side], smallest, network->title,
                           network->least_side, network->least_side << (config->n_scales - 1));
    }
    return DN_OK;
}

void dn_angles_warn(const dn_config *config, const dn_observer *observer) {
    char text[DN_ANGLES_TEXT];
    if (dn_config_misses_angles(config, dn_test_rotations(config), text))
        dn_tell(observer, DN_WARNING, "%s", text);
}
