/* Hands one picture of a watched folder to the workers and waits for what becomes of it. */
#ifndef DN_STATION_WATCH_HANDOVER_H
#define DN_STATION_WATCH_HANDOVER_H

#include "program/watch/watcher.h"
#include "station/api/judge.h"

#include <pthread.h>

typedef struct dn_handover {
    dn_station *station;
    const char *model;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    int is_finished; /* under lock */
    int is_troubled; /* a picture cannot be judged now, and the log says so */
} dn_handover;

void dn_handover_init(dn_handover *self, dn_station *station, const char *model);
void dn_handover_destroy(dn_handover *self);

/* Judges and archives it. Returns whether the archive has it now, as a verdict or as an error; else
 * the file says when it is tried again. */
int dn_handover_judge(dn_handover *self, const dn_watcher *watcher, const char *folder,
                      const dn_watch_picture *picture);

/* Where move_to puts a file with that verdict. */
dn_watch_place dn_handover_place(const char *verdict);

#endif
