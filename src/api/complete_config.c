/* dn_config_complete: a network's defaults in a configuration. */
#include "backbone/embedded.h"
#include "detect/network_settings.h"

dn_status dn_config_complete(dn_config *config, const dn_observer *observer, dn_error *error) {
    dn_backbone_weights weights;
    if (!config)
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_config_complete: a configuration is needed");
    if (!config->backbone[0])
        return DN_OK;
    DN_TRY(dn_backbone_weights_choose(config->backbone, &weights, error));
    const dn_network *network = weights.network;
    dn_backbone_weights_free(&weights);
    return dn_network_settings_apply(network, config, observer, error);
}
