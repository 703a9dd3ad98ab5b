#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

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
