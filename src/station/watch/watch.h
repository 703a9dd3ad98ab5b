/* Watched folders as a source of pictures (docs/watch.md): they take the way of those that are
 * sent. The archive remembers each file together with its inspection. */
#ifndef DN_STATION_WATCH_WATCH_H
#define DN_STATION_WATCH_WATCH_H

#include "station/api/api.h"

typedef struct dn_watches dn_watches;

/* A thread for each folder of the settings. *watches is NULL if there are none. DN_ERROR_IO: a
 * folder is not there; one that goes away later is waited for. */
dn_status dn_watches_start(dn_station *station, dn_watches **watches, dn_error *error);

/* Ends them once `stopping` of the station is set; what is being judged is finished before. NULL is
 * allowed. */
void dn_watches_stop(dn_watches *self);

#endif
