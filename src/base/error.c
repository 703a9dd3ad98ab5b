#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *dn_status_name(dn_status status) {
    static const char *const names[] = {
        [DN_OK] = "OK",
        [DN_ERROR_ARGUMENT] = "ARGUMENT",
        [DN_ERROR_CONFIG] = "CONFIG",
        [DN_ERROR_IO] = "IO",
        [DN_ERROR_FORMAT] = "FORMAT",
        [DN_ERROR_DATA] = "DATA",
        [DN_ERROR_MEMORY] = "MEMORY",
        [DN_ERROR_NUMERIC] = "NUMERIC",
        [DN_ERROR_UNSUPPORTED] = "UNSUPPORTED",
        [DN_CANCELLED] = "CANCELLED",
    };
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

void dn_flatten(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

dn_status(dn_fail)(dn_error *error, dn_status status, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        dn_flatten(error->message);
        error->status = status;
    }
    return status;
}
