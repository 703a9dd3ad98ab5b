/* Letters of 5 x 7 pixels. */
#ifndef DN_IMAGE_ENCODE_LETTERS_H
#define DN_IMAGE_ENCODE_LETTERS_H

#include <stdint.h>

enum { DN_LETTER_WIDTH = 5, DN_LETTER_HEIGHT = 7 };

/* Whether pixel (x, y) of a character is set; characters that are not ASCII are drawn as '?'. */
int dn_letter_pixel(char character, int x, int y);

#endif
