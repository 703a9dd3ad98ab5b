/* The station's log: one JSON object a line on standard error. */
#ifndef DN_STATION_BASE_LOG_H
#define DN_STATION_BASE_LOG_H

#include "station/base/buffer.h"

typedef enum dn_log_level { DN_LOG_INFO, DN_LOG_WARNING, DN_LOG_ERROR } dn_log_level;

/* `event` is a word for programs, the message a sentence for people. Thread-safe. */
void dn_log(dn_log_level level, const char *event, const char *format, ...) DN_PRINTF(3, 4);

/* With further members, each written as ,"name":value; NULL: none. */
void dn_log_members(dn_log_level level, const char *event, const dn_buffer *members);

#endif
