/* A strip of text below a picture, with a bar of a map's colours: a picture that is passed on says
 * what was decided about it. */
#ifndef DN_IMAGE_ENCODE_STRIP_H
#define DN_IMAGE_ENCODE_STRIP_H

#include "image/image.h"

/* ASCII; other bytes are drawn as '?'. Words are wrapped to the picture's width. */
typedef struct dn_strip {
    const char *text;   /* above */
    const char *legend; /* below, behind the bar; NULL: there is no bar */
} dn_strip;

/* Rows that the strip takes below a picture `width` pixels wide. */
int dn_strip_height(const dn_strip *strip, int width);

/* Draws it into the rows from `top` on: white on black. */
void dn_strip_draw(const dn_strip *strip, dn_image *picture, int top);

#endif
