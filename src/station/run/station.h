/* The inspection station, from its settings to its end. */
#ifndef DN_STATION_RUN_STATION_H
#define DN_STATION_RUN_STATION_H

#include "station/config/settings.h"

/* Serves until SIGTERM or SIGINT, which is no failure; SIGHUP reads the source again. The log goes
 * to standard error, JSON a line. Blocks these signals in the calling thread. */
dn_status dn_station_run(const dn_serve_settings_source *source, dn_error *error);

#endif
