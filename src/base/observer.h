/* Reports to the caller's observer (progress, messages for people), and requests to cancel. */
#ifndef DN_BASE_OBSERVER_H
#define DN_BASE_OBSERVER_H

#include "base/error.h"

/* Formats a message and passes it to the observer (may be NULL). */
void dn_tell(const dn_observer *observer, dn_severity severity, const char *format, ...)
    DN_PRINTF(3, 4);

/* Reports progress; DN_CANCELLED when the observer (may be NULL) asks to stop. */
dn_status dn_tell_progress(const dn_observer *observer, const dn_progress *progress,
                           dn_error *error);

/* The same of a stage that has no loss and no AUROC. */
dn_status dn_tell_stage(const dn_observer *observer, dn_stage stage, size_t done, size_t total,
                        dn_error *error);

/* A caller's request to stop one call, asked for from the calling thread. `requested` returns 0 to
 * go on. */
typedef struct dn_cancel {
    int (*requested)(void *user);
    void *user;
} dn_cancel;

/* DN_CANCELLED when the caller asks to stop; `cancel` and its function may be NULL: never. */
dn_status dn_check_cancel(const dn_cancel *cancel, dn_error *error);

#endif
