#include "dataset/names/unicode.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOT_UNICODE = 0x110000, /* plus the byte */
    HANGUL = 0xac00,
    HANGUL_COUNT = 11172,
    LEADS = 0x1100,
    VOWELS = 0x1161,
    TRAILS = 0x11a7,
    VOWEL_COUNT = 21,
    TRAIL_COUNT = 28,
    LONGEST = 8 /* characters of one decomposed letter */
};

/* The character that begins at *text, which moves behind it (Unicode, table 3-7). */
static uint32_t take_character(const unsigned char **text) {
    const unsigned char *byte = *text;
    size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = length == 1 ? byte[0] : byte[0] & (0xffu >> (length + 1));
    int is_right = byte[0] < 0x80 || (byte[0] >= 0xc2 && byte[0] <= 0xf4);
    for (size_t i = 1; is_right && i < length; i++) {
        is_right = (byte[i] & 0xc0) == 0x80; /* the zero at the end is not */
        code = code << 6 | (byte[i] & 0x3fu);
    }
    if (is_right && code >= least[length] && code < NOT_UNICODE &&
        !(code >= 0xd800 && code < 0xe000)) {
        *text += length;
        return code;
    }
    ++*text;
    return NOT_UNICODE + byte[0];
}

int dn_is_utf8(const char *text) {
    const unsigned char *next = (const unsigned char *)text;
    while (*next)
        if (take_character(&next) >= NOT_UNICODE)
            return 0;
    return 1;
}

/* ---- Letters ----------------------------------------------------------------------------------
 */

typedef struct letter_reader {
    const unsigned char *next;
    uint32_t letter[LONGEST]; /* what is left of the one that was decomposed last */
    size_t count, used;
} letter_reader;

static int by_composed(const void *key, const void *entry) {
    uint32_t code = *(const uint32_t *)key, composed = ((const dn_decomposition *)entry)->composed;
    return (code > composed) - (code < composed);
}

static void push(letter_reader *reader, uint32_t code) {
    if (reader->count < LONGEST)
        reader->letter[reader->count++] = code;
}

/* No decomposition is longer than four; the table holds pairs, whose first part may have its own.
 */
static void decompose(letter_reader *reader, uint32_t code) {
    const dn_decomposition *pair = bsearch(&code, dn_decompositions, dn_decomposition_count,
                                           sizeof *dn_decompositions, by_composed);
    uint32_t syllable = code - HANGUL;
    if (pair) {
        decompose(reader, pair->base);
        push(reader, pair->mark);
    } else if (code >= HANGUL && syllable < HANGUL_COUNT) {
        push(reader, LEADS + syllable / (VOWEL_COUNT * TRAIL_COUNT));
        push(reader, VOWELS + syllable % (VOWEL_COUNT * TRAIL_COUNT) / TRAIL_COUNT);
        if (syllable % TRAIL_COUNT > 0)
            push(reader, TRAILS + syllable % TRAIL_COUNT);
    } else
        push(reader, code);
}

/* 0 at the end. */
static uint32_t next_part(letter_reader *reader) {
    if (reader->used == reader->count) {
        reader->used = reader->count = 0;
        if (!*reader->next)
            return 0;
        decompose(reader, take_character(&reader->next));
    }
    return reader->letter[reader->used++];
}

int dn_same_letters(const char *a, const char *b) {
    letter_reader left = {.next = (const unsigned char *)a};
    letter_reader right = {.next = (const unsigned char *)b};
    for (;;) {
        uint32_t part = next_part(&left);
        if (part != next_part(&right))
            return 0;
        if (part == 0)
            return 1;
    }
}

/* ---- Windows-1252 -----------------------------------------------------------------------------
 */

/* 0: the byte stands for nothing. */
static uint32_t code_of_byte(unsigned char byte) {
    static const uint16_t c1[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                    0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
    return byte >= 0x80 && byte < 0xa0 ? c1[byte - 0x80] : byte;
}

int dn_utf8_of_latin1(const char *text, char *utf8, size_t size) {
    size_t length = 0;
    for (; *text; text++) {
        uint32_t code = code_of_byte((unsigned char)*text);
        if (code == 0 || length + 4 > size)
            return 0;
        if (code < 0x80)
            utf8[length++] = (char)code;
        else if (code < 0x800)
            utf8[length++] = (char)(0xc0 | code >> 6);
        else {
            utf8[length++] = (char)(0xe0 | code >> 12);
            utf8[length++] = (char)(0x80 | (code >> 6 & 0x3f));
        }
        if (code >= 0x80)
            utf8[length++] = (char)(0x80 | (code & 0x3f));
    }
    if (length >= size)
        return 0;
    utf8[length] = '\0';
    return 1;
}
