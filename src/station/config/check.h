/* Whether the settings fit together. */
#ifndef DN_STATION_CONFIG_CHECK_H
#define DN_STATION_CONFIG_CHECK_H

#include "station/config/settings.h"

/* DN_ERROR_CONFIG says what is missing or wrong. A watched folder without a model gets the only
 * one. */
dn_status dn_serve_settings_check(dn_serve_settings *self, dn_error *error);

#endif
