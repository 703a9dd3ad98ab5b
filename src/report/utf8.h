/* File names are bytes; JSON and CSV are UTF-8. */
#ifndef DN_REPORT_UTF8_H
#define DN_REPORT_UTF8_H

#include "base/text.h"

/* Appends a text, with U+FFFD for every byte that is not part of valid UTF-8. */
void dn_utf8_append(dn_text *text, const char *bytes);

#endif
