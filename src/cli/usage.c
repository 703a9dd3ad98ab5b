#include "cli/usage.h"

#include <stdarg.h>
#include <stdio.h>

dn_status dn_usage(dn_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return error->status = DN_ERROR_ARGUMENT;
}

dn_status dn_out_of_memory(dn_error *error) {
    dn_usage(error, "out of memory");
    return error->status = DN_ERROR_MEMORY;
}
