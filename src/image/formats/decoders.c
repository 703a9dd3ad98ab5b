#include "image/formats/decoders.h"

#include <stdio.h>
#include <string.h>

/* jpeglib.h needs stdio.h before it. */
/* clang-format off */
#include <jpeglib.h>
/* clang-format on */
#include <png.h>
#include <tiffio.h>
#include <webp/decode.h>

/* libjpeg does not tell its version at run time: this is the one it was compiled against. */
#define TEXT_OF(number) TEXT(number)
#define TEXT(number) #number
#ifdef LIBJPEG_TURBO_VERSION
#define JPEG_LIBRARY "libjpeg-turbo " TEXT_OF(LIBJPEG_TURBO_VERSION)
#else
#define JPEG_LIBRARY "libjpeg " TEXT_OF(JPEG_LIB_VERSION)
#endif

/* TIFFGetVersion: "LIBTIFF, Version 4.5.0", then lines with its authors. */
static void tiff_version(char text[32]) {
    const char *line = TIFFGetVersion(), *number = line + strcspn(line, "0123456789\n");
    snprintf(text, 32, "%.*s", (int)strcspn(number, "\n"), number);
}

void dn_describe_decoders(char text[DN_DECODERS_TEXT]) {
    char tiff[32];
    int webp = WebPGetDecoderVersion(); /* 0x010204 is 1.2.4 */
    tiff_version(tiff);
    snprintf(text, DN_DECODERS_TEXT, JPEG_LIBRARY ", libpng %s, libtiff %s, libwebp %d.%d.%d",
             png_get_libpng_ver(NULL), tiff, webp >> 16, webp >> 8 & 0xff, webp & 0xff);
}
