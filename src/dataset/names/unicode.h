/* Texts of file names: whether they are UTF-8, and whether two are the same letters. A letter with
 * an accent may be one character (composed, as most systems write it) or a letter and a mark
 * (decomposed, as macOS stores names). */
#ifndef DN_DATASET_UNICODE_H
#define DN_DATASET_UNICODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct dn_decomposition {
    uint16_t composed, base, mark;
} dn_decomposition;

extern const size_t dn_decomposition_count;
extern const dn_decomposition dn_decompositions[]; /* by `composed` */

int dn_is_utf8(const char *text);

/* Whether two texts are equal once all letters are decomposed: Latin, Greek, Cyrillic, kana and
 * Hangul. Bytes that are no UTF-8 are equal to themselves. */
int dn_same_letters(const char *a, const char *b);

/* Text of Windows-1252, of which Latin-1 is a part, as UTF-8. Returns 0 where it does not fit into
 * `size` bytes or holds a byte that stands for nothing. */
int dn_utf8_of_latin1(const char *text, char *utf8, size_t size);

#endif
