/* Messages of the command line itself. */
#ifndef DN_CLI_USAGE_H
#define DN_CLI_USAGE_H

#include "differnet_tools.h"

/* Both write the message into `error`; the first returns DN_ERROR_ARGUMENT. */
dn_status dn_usage(dn_error *error, const char *format, ...) DN_PRINTF(2, 3);
dn_status dn_out_of_memory(dn_error *error);

#endif
