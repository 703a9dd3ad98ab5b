/* A line around what is marked in a picture. */
#ifndef DN_IMAGE_ENCODE_OUTLINE_H
#define DN_IMAGE_ENCODE_OUTLINE_H

#include "image/image.h"

/* A double line, white within black, along the edge of inside[height][width] (not 0: inside), as
 * wide as suits the picture. */
void dn_outline_draw(dn_image *picture, const uint8_t *inside);

#endif
