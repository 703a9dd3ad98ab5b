#include "station/base/log.h"

#include "station/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *const level_names[] = {"info", "warning", "error"};

/* A line is one write, so lines of several threads do not mix. Nobody can be told of a failure. */
void dn_log_members(dn_log_level level, const char *event, const dn_buffer *members) {
    char time[DN_UTC_TEXT];
    dn_buffer line = {0};
    dn_utc_text(dn_utc_now(), time);
    dn_buffer_print(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time,
                    level_names[level]);
    dn_buffer_json(&line, event);
    if (members && members->data)
        dn_buffer_append(&line, members->data, members->length);
    dn_buffer_text(&line, "}\n");
    if (!line.failed)
        (void)!write(STDERR_FILENO, line.data, line.length);
    dn_buffer_free(&line);
}

void dn_log(dn_log_level level, const char *event, const char *format, ...) {
    char message[1536];
    dn_buffer members = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dn_buffer_text(&members, ",\"message\":");
    dn_buffer_json(&members, message);
    dn_log_members(level, event, &members);
    dn_buffer_free(&members);
}
