#include "report/utf8.h"

/* The length of the character that begins at `byte`; 0 if none does (Unicode, table 3-7). The range
 * of the second byte excludes overlong forms, surrogates and values above U+10FFFF. */
static size_t character_length(const unsigned char *byte) {
    unsigned low = 0x80, high = 0xbf;
    size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    if ((byte[0] >= 0x80 && byte[0] < 0xc2) || byte[0] > 0xf4)
        return 0;
    if (byte[0] == 0xe0)
        low = 0xa0;
    if (byte[0] == 0xed)
        high = 0x9f;
    if (byte[0] == 0xf0)
        low = 0x90;
    if (byte[0] == 0xf4)
        high = 0x8f;
    if (length > 1 && (byte[1] < low || byte[1] > high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

void dn_utf8_append(dn_text *text, const char *bytes) {
    while (*bytes) {
        size_t length = character_length((const unsigned char *)bytes);
        if (length > 0)
            dn_text_append_bytes(text, bytes, length);
        else
            dn_text_append_bytes(text, "\xef\xbf\xbd", 3);
        bytes += length > 0 ? length : 1;
    }
}
