/* Synthetic changes of a picture, for choices that must not look at real defects. */
#ifndef DN_IMAGE_PASTED_PATCH_H
#define DN_IMAGE_PASTED_PATCH_H

#include "image/image.h"

/* Copies a rectangle of the image to another place of it, a quarter brighter or darker at most (the
 * idea of CutPaste: Li et al., CVPR 2021). Its area is 0.2 to 3 % of the image, its sides are in a
 * ratio of 1/3 to 3; all of it is drawn from `random`. Does nothing to an image with a side
 * below 8. */
void dn_image_paste_patch(dn_image *image, dn_random *random);

#endif
