/* The libraries that decode pictures: another version may give other pixels. */
#ifndef DN_IMAGE_DECODERS_H
#define DN_IMAGE_DECODERS_H

enum { DN_DECODERS_TEXT = 160 };

/* "libjpeg-turbo 2.1.5, libpng 1.6.39, libtiff 4.5.0, libwebp 1.2.4" */
void dn_describe_decoders(char text[DN_DECODERS_TEXT]);

#endif
