#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

dn_status dn_fail(dn_error *error, dn_status status, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        error->status = status;
    }
    return status;
}
