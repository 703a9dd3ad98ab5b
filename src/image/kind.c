/* Each format's header, as far as mode and depth stand in it. dn_bytes does the bounds. */
#include "image/kind.h"

#include <webp/decode.h>

static dn_bytes at(const dn_bytes *file, size_t position) {
    dn_bytes header = *file;
    header.position = position < file->size ? position : file->size;
    return header;
}

/* 24 bytes of signature, chunk and size; then depth and colour type. */
void dn_kind_png(dn_bytes file, dn_image_kind *kind) {
    static const char *const modes[] = {"grey", "", "RGB", "palette", "grey+alpha", "", "RGBA"};
    dn_bytes header = at(&file, 24);
    uint8_t bits, type;
    if (dn_bytes_u8(&header, "depth", &bits, NULL) != DN_OK ||
        dn_bytes_u8(&header, "colour type", &type, NULL) != DN_OK)
        return;
    kind->mode = type < sizeof modes / sizeof *modes ? modes[type] : "";
    kind->bits = bits;
}

/* SOF0 to SOF15, without DHT (C4), JPG (C8) and DAC (CC). */
static int is_frame(uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static void read_frame(dn_bytes *header, dn_image_kind *kind) {
    const uint8_t *frame; /* depth, height, width, components */
    if (dn_bytes_take(header, 6, "frame", &frame, NULL) != DN_OK)
        return;
    kind->bits = frame[0];
    kind->mode = frame[5] == 1 ? "grey" : frame[5] == 3 ? "RGB" : frame[5] == 4 ? "CMYK" : "";
}

/* Segments are FF, marker, big-endian length with itself; fill bytes FF may stand before. */
void dn_kind_jpeg(dn_bytes file, dn_image_kind *kind) {
    dn_bytes header = at(&file, 2);
    const uint8_t *bytes;
    while (dn_bytes_take(&header, 2, "segment", &bytes, NULL) == DN_OK && bytes[0] == 0xFF) {
        uint8_t marker = bytes[1];
        if (marker == 0xFF) {
            header.position--;
            continue;
        }
        if (dn_bytes_take(&header, 2, "length", &bytes, NULL) != DN_OK)
            return;
        size_t length = (size_t)bytes[0] << 8 | bytes[1];
        if (is_frame(marker)) {
            read_frame(&header, kind);
            return;
        }
        if (length < 2 || dn_bytes_take(&header, length - 2, "segment", &bytes, NULL) != DN_OK)
            return;
    }
}

/* The bits of a pixel stand behind the planes: at 24 in the old header of 12 bytes, else at 28. */
void dn_kind_bmp(dn_bytes file, dn_image_kind *kind) {
    dn_bytes header = at(&file, 14);
    uint32_t size;
    uint16_t bits;
    if (dn_bytes_u32(&header, "header size", &size, NULL) != DN_OK)
        return;
    header = at(&file, size == 12 ? 24 : 28);
    if (dn_bytes_u16(&header, "bits", &bits, NULL) != DN_OK)
        return;
    kind->mode = bits <= 8 ? "palette" : "RGB";
    kind->bits = bits <= 8 ? bits : bits == 16 ? 5 : 8;
}

/* The digit tells the mode. Depth would need the whole header: 8 is all that is common. */
void dn_kind_pnm(dn_bytes file, dn_image_kind *kind) {
    static const char *const modes[] = {"bitmap", "grey", "RGB"};
    dn_bytes header = at(&file, 1);
    uint8_t digit;
    if (dn_bytes_u8(&header, "digit", &digit, NULL) == DN_OK && digit >= '1' && digit <= '6')
        kind->mode = modes[(digit - '1') % 3];
}

void dn_kind_webp(dn_bytes file, dn_image_kind *kind) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(file.data, file.size, &features) != VP8_STATUS_OK)
        return;
    kind->mode = features.has_alpha ? "RGBA" : "RGB";
    kind->bits = 8;
}
