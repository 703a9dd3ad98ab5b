/* What each format's header says of a picture. dn_bytes does the bounds. */
#include "image/formats/kind.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

static dn_bytes at(const dn_bytes *file, size_t position) {
    dn_bytes header = *file;
    header.position = position < file->size ? position : file->size;
    return header;
}

/* ---- EXIF ------------------------------------------------------------------------------------ */

typedef struct exif_reader {
    const uint8_t *data;
    size_t size;
    int is_big_endian;
} exif_reader;

/* 0 past the end. */
static unsigned exif_number(const exif_reader *exif, size_t position, size_t count) {
    unsigned value = 0;
    if (count > exif->size || position > exif->size - count)
        return 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | exif->data[position + (exif->is_big_endian ? i : count - 1 - i)];
    return value;
}

int dn_exif_orientation(const uint8_t *data, size_t size) {
    enum { ORIENTATION = 0x112, ENTRY = 12 };
    if (size < 8 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0))
        return 0;
    exif_reader exif = {data, size, data[0] == 'M'};
    size_t directory = exif_number(&exif, 4, 4);
    size_t count = exif_number(&exif, directory, 2);
    for (size_t i = 0; i < count; i++)
        if (exif_number(&exif, directory + 2 + i * ENTRY, 2) == ORIENTATION) {
            unsigned value = exif_number(&exif, directory + 2 + i * ENTRY + 8, 2);
            return value >= 2 && value <= 8 ? (int)value : 0;
        }
    return 0;
}

/* ---- PNG ------------------------------------------------------------------------------------- */

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void read_png_header(const uint8_t *header, dn_image_kind *kind) {
    static const char *const modes[] = {"grey", "", "RGB", "palette", "grey+alpha", "", "RGBA"};
    kind->width = big_endian(header);
    kind->height = big_endian(header + 4);
    kind->bits = header[8];
    kind->is_deep = header[8] > 8;
    kind->mode = header[9] < sizeof modes / sizeof *modes ? modes[header[9]] : "";
}

/* Chunks: size, name, data, checksum. acTL tells the frames of an animation. */
void dn_kind_png(dn_bytes file, dn_image_kind *kind) {
    const uint8_t *head, *data, *checksum;
    file.position = 8;
    while (dn_bytes_take(&file, 8, "chunk", &head, NULL) == DN_OK) {
        size_t size = big_endian(head);
        if (memcmp(head + 4, "IHDR", 4) == 0 && size == 13 && dn_bytes_left(&file) >= 10)
            read_png_header(file.data + file.position, kind);
        if (dn_bytes_take(&file, size, "chunk", &data, NULL) != DN_OK)
            return;
        if (memcmp(head + 4, "acTL", 4) == 0 && size >= 4)
            kind->has_more = big_endian(data) > 1;
        if (memcmp(head + 4, "eXIf", 4) == 0)
            kind->orientation = dn_exif_orientation(data, size);
        if (dn_bytes_take(&file, 4, "checksum", &checksum, NULL) != DN_OK)
            return;
    }
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

/* SOF0 to SOF15, without DHT (C4), JPG (C8) and DAC (CC). */
static int is_frame(uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static void read_frame(dn_bytes *header, dn_image_kind *kind) {
    const uint8_t *frame; /* depth, height, width, components */
    if (dn_bytes_take(header, 6, "frame", &frame, NULL) != DN_OK)
        return;
    kind->bits = frame[0];
    kind->height = (uint32_t)frame[1] << 8 | frame[2];
    kind->width = (uint32_t)frame[3] << 8 | frame[4];
    kind->mode = frame[5] == 1 ? "grey" : frame[5] == 3 ? "RGB" : frame[5] == 4 ? "CMYK" : "";
}

/* APP1 may hold EXIF data, APP2 the index of several pictures (MPF, from two-lens cameras). */
static void read_segment(uint8_t marker, const uint8_t *data, size_t size, dn_image_kind *kind) {
    if (marker == 0xE1 && size > 6 && memcmp(data, "Exif\0", 6) == 0)
        kind->orientation = dn_exif_orientation(data + 6, size - 6);
    if (marker == 0xE2 && size > 4 && memcmp(data, "MPF", 4) == 0)
        kind->has_more = 1;
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
        read_segment(marker, bytes, length - 2, kind);
    }
}

/* ---- BMP and WebP ---------------------------------------------------------------------------- */

static uint32_t size_of(int32_t side) {
    return side < 0 ? 0 - (uint32_t)side : (uint32_t)side;
}

/* Behind the header's size at 14; a height below 0 means that the rows run from the top. */
static void read_bmp_size(const dn_bytes *file, int is_old, dn_image_kind *kind) {
    dn_bytes header = at(file, 18);
    uint16_t sides[2];
    if (!is_old) {
        uint32_t width, height;
        if (dn_bytes_u32(&header, "width", &width, NULL) != DN_OK ||
            dn_bytes_u32(&header, "height", &height, NULL) != DN_OK)
            return;
        kind->width = size_of((int32_t)width);
        kind->height = size_of((int32_t)height);
        return;
    }
    if (dn_bytes_u16(&header, "width", &sides[0], NULL) != DN_OK ||
        dn_bytes_u16(&header, "height", &sides[1], NULL) != DN_OK)
        return;
    kind->width = sides[0];
    kind->height = sides[1];
}

/* The bits of a pixel stand behind the planes: at 24 in the old header of 12 bytes, else at 28. */
void dn_kind_bmp(dn_bytes file, dn_image_kind *kind) {
    dn_bytes header = at(&file, 14);
    uint32_t size;
    uint16_t bits;
    if (dn_bytes_u32(&header, "header size", &size, NULL) != DN_OK)
        return;
    read_bmp_size(&file, size == 12, kind);
    header = at(&file, size == 12 ? 24 : 28);
    if (dn_bytes_u16(&header, "bits", &bits, NULL) != DN_OK)
        return;
    kind->mode = bits <= 8 ? "palette" : "RGB";
    kind->bits = bits <= 8 ? bits : bits == 16 ? 5 : 8;
}

static int webp_orientation(const WebPDemuxer *demuxer) {
    WebPChunkIterator chunk;
    int orientation = 0;
    if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
        /* Some writers put JPEG's introduction before it. */
        size_t skipped =
            chunk.chunk.size > 6 && memcmp(chunk.chunk.bytes, "Exif\0", 6) == 0 ? 6 : 0;
        orientation = dn_exif_orientation(chunk.chunk.bytes + skipped, chunk.chunk.size - skipped);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    return orientation;
}

static void read_webp_chunks(dn_bytes file, dn_image_kind *kind) {
    WebPData data = {file.data, file.size};
    WebPDemuxer *demuxer = WebPDemux(&data);
    if (!demuxer)
        return;
    kind->has_more = WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT) > 1;
    kind->orientation = webp_orientation(demuxer);
    WebPDemuxDelete(demuxer);
}

void dn_kind_webp(dn_bytes file, dn_image_kind *kind) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(file.data, file.size, &features) != VP8_STATUS_OK)
        return;
    kind->width = (uint32_t)features.width;
    kind->height = (uint32_t)features.height;
    kind->mode = features.has_alpha ? "RGBA" : "RGB";
    kind->bits = 8;
    read_webp_chunks(file, kind);
}

/* ---- texts ----------------------------------------------------------------------------------- */

const char *dn_image_kind_text(const char *bytes, size_t length) {
    static const char *const known[] = {"",     "PNG",     "JPEG",       "BMP",  "PNM",  "TIFF",
                                        "WebP", "bitmap",  "grey",       "RGB",  "RGBA", "CMYK",
                                        "Lab",  "palette", "grey+alpha", "YCbCr"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == length && memcmp(known[i], bytes, length) == 0)
            return known[i];
    return NULL;
}
