#include "base/observer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void dn_tell(const dn_observer *observer, dn_severity severity, const char *format, ...) {
    char message[1024];
    va_list arguments;
    if (!observer || !observer->on_message)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dn_flatten(message);
    observer->on_message(observer->user, severity, message);
}

dn_status dn_tell_progress(const dn_observer *observer, const dn_progress *progress,
                           dn_error *error) {
    if (observer && observer->on_progress && observer->on_progress(observer->user, progress) != 0)
        return dn_fail(error, DN_CANCELLED, "stopped on request");
    return DN_OK;
}

dn_status dn_tell_stage(const dn_observer *observer, dn_stage stage, size_t done, size_t total,
                        dn_error *error) {
    const dn_progress progress = {
        .stage = stage,
        .done = done,
        .total = total,
        .loss = NAN,
        .auroc_last = NAN,
        .auroc_max = NAN,
        .auroc_epoch_max = -1,
    };
    return dn_tell_progress(observer, &progress, error);
}

dn_status dn_check_cancel(const dn_cancel *cancel, dn_error *error) {
    if (cancel && cancel->requested && cancel->requested(cancel->user) != 0)
        return dn_fail(error, DN_CANCELLED, "stopped on request");
    return DN_OK;
}
