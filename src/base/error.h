/* Errors are values: the function that detects one writes the message, its callers pass the status
 * on. */
#ifndef DN_BASE_ERROR_H
#define DN_BASE_ERROR_H

#include "differnet_tools.h"

/* Writes status and message into `error` (may be NULL) and returns `status`. */
dn_status dn_fail(dn_error *error, dn_status status, const char *format, ...) DN_PRINTF(3, 4);

#ifdef __clang_analyzer__
/* The static analyzer reads one file at a time and would assume that dn_fail may return DN_OK. */
#define dn_fail(error, status, ...) ((void)(dn_fail)(error, status, __VA_ARGS__), (status))
#endif

/* Replaces control characters by ?. A message is one line of plain text, but names from outside may
 * hold newlines or escape sequences. */
void dn_flatten(char *text);

/* Returns from the calling function if `expression` failed. */
#define DN_TRY(expression)                                                                         \
    do {                                                                                           \
        dn_status dn_try_status = (expression);                                                    \
        if (dn_try_status != DN_OK)                                                                \
            return dn_try_status;                                                                  \
    } while (0)

#endif
