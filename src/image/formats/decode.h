/* One adapter per file format, each the only code that knows its library. All decode from memory
 * into a fresh raster. What they give of pictures of up to 8 bits is Pillow's
 * Image.open(...).convert("RGB") byte for byte; docs/images.md lists the exceptions. Nothing here
 * prints: every library reports through a handler of its own handle, so there is no global state
 * and decoding is thread-safe. */
#ifndef DN_IMAGE_DECODE_H
#define DN_IMAGE_DECODE_H

#include "base/bytes.h"
#include "image/formats/raster.h"
#include "image/image.h"

/* Refuses dimensions beyond the limits, then allocates the samples (zeroed): RGB bytes where the
 * adapter has not set another type and its channels. */
dn_status dn_decode_allocate(const dn_bytes *file, const char *format, uint64_t width,
                             uint64_t height, dn_raster *raster, dn_error *error);

dn_status dn_decode_bmp(dn_bytes file, dn_raster *raster, dn_error *error);
dn_status dn_decode_jpeg(dn_bytes file, dn_raster *raster, dn_error *error);
dn_status dn_decode_png(dn_bytes file, dn_raster *raster, dn_error *error);
dn_status dn_decode_pnm(dn_bytes file, dn_raster *raster, dn_error *error);
dn_status dn_decode_tiff(dn_bytes file, dn_raster *raster, dn_error *error);
dn_status dn_decode_webp(dn_bytes file, dn_raster *raster, dn_error *error);

/* Ink to light as Pillow does it: 255 - k, less the share of the ink; all of 0 to 255. */
static inline uint8_t dn_light_of_ink(unsigned ink, unsigned light) {
    unsigned product = ink * light + 128;
    return (uint8_t)(light - ((product + (product >> 8)) >> 8));
}

#endif
