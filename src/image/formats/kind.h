/* What an image file is before it is made RGB, from its header. */
#ifndef DN_IMAGE_KIND_H
#define DN_IMAGE_KIND_H

#include "base/bytes.h"

/* All texts are static storage. */
typedef struct dn_image_kind {
    const char *format;     /* "PNG"; "" where the bytes are no image */
    const char *mode;       /* "grey", "RGB", "RGBA", ...; "" where the header does not say */
    int bits;               /* a sample; 0 where the header does not say */
    int is_deep;            /* levels apply to it (image/levels.h) */
    int orientation;        /* 2 to 8: the EXIF tag that decoding does not apply; else 0 */
    int has_more;           /* further pages or frames, which decoding does not read */
    uint32_t width, height; /* 0 where the header does not say */
} dn_image_kind;

/* Looks at a file that could be decoded; of any other it says as much as can be read. Never fails,
 * never reads past the end. */
dn_image_kind dn_image_kind_of(const void *bytes, size_t size);

/* The static text that a kind's format or mode may be, equal to the `length` bytes; NULL if there
 * is none. */
const char *dn_image_kind_text(const char *bytes, size_t length);

/* Whether levels may apply to a file: 0 is certain. Reads the start of the file alone, of TIFF all
 * of it; 0 also for a file that cannot be read. */
int dn_file_may_be_deep(const char *path);

/* The bytes of the picture that a file of at most 8 bits decodes to; UINT64_MAX where its first
 * 4 KiB do not say, or it is deep and has samples beside the picture. */
uint64_t dn_file_decoded_bytes(const char *path);

/* The orientation in EXIF data, which begin with a TIFF header; 0 where there is none. */
int dn_exif_orientation(const uint8_t *data, size_t size);

/* The adapters' part. */
void dn_kind_bmp(dn_bytes file, dn_image_kind *kind);
void dn_kind_jpeg(dn_bytes file, dn_image_kind *kind);
void dn_kind_png(dn_bytes file, dn_image_kind *kind);
void dn_kind_pnm(dn_bytes file, dn_image_kind *kind);
void dn_kind_tiff(dn_bytes file, dn_image_kind *kind);
void dn_kind_webp(dn_bytes file, dn_image_kind *kind);

#endif
