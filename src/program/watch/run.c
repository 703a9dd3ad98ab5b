/* The watch from its first look to its end. */
#include "program/watch/watcher.h"

#include <stdlib.h>

enum { WAKE_MS = 50 };

static int stops(const dn_watcher *self) {
    return self->owner->stops(self->owner->user);
}

static dn_status look(dn_watcher *self) {
    unsigned looks = self->look;
    dn_status status = dn_notice_look(self);
    if (status != DN_OK || self->look == looks)
        return status;
    if (self->look == 1 && self->outputs > 0)
        dn_watch_tell(self, DN_NOTE, "skipped results of differnet (maps, overlays): %zu",
                      self->outputs);
    if (self->owner->looked)
        self->owner->looked(self->owner->user);
    return DN_OK;
}

dn_status dn_watch_run(dn_watcher *self) {
    dn_status status = DN_OK;
    while (status == DN_OK && !stops(self)) {
        status = look(self);
        if (status == DN_OK)
            status = dn_notice_events(self, WAKE_MS);
        if (status == DN_OK && !stops(self))
            status = dn_judge_waiting(self);
    }
    return status;
}

void dn_watch_free(dn_watcher *self) {
    dn_notice_end(self);
    dn_candidates_free(&self->files);
    for (size_t i = 0; i < self->folder_count; i++)
        free(self->folders[i].real);
    free(self->folders);
    self->folders = NULL;
    self->folder_count = 0;
}
