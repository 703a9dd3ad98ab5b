/* Progress and messages for the caller's observer. */
#ifndef DN_BASE_OBSERVER_H
#define DN_BASE_OBSERVER_H

#include "base/error.h"

/* Formats a message and passes it to the observer (may be NULL). */
void dn_tell(const dn_observer *observer, dn_severity severity, const char *format, ...)
    DN_PRINTF(3, 4);

/* Reports progress; DN_CANCELLED when the observer (may be NULL) asks to stop. */
dn_status dn_tell_progress(const dn_observer *observer, const dn_progress *progress,
                           dn_error *error);

#endif
