/* WebP through libwebp, which checks everything itself and never prints. */
#include "image/formats/decode.h"

#include <webp/decode.h>
#include <webp/demux.h>

static dn_status fail_damaged(const dn_bytes *file, const char *why, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is a damaged WebP: %s", file->name, why);
}

static const char *reason(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return "the file ends too early";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "a feature of it is not supported";
    case VP8_STATUS_OUT_OF_MEMORY:
        return "out of memory";
    default:
        return "its data are not valid";
    }
}

/* The first frame, drawn on its canvas by libwebp. */
static dn_status read_first_frame(const dn_bytes *file, dn_raster *raster, dn_error *error) {
    WebPData data = {file->data, file->size};
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, NULL);
    uint8_t *rgba;
    int when;
    if (!decoder || !WebPAnimDecoderGetNext(decoder, &rgba, &when)) {
        WebPAnimDecoderDelete(decoder);
        return fail_damaged(file, "its first frame cannot be read", error);
    }
    uint8_t *rgb = raster->samples;
    size_t count = (size_t)raster->width * (size_t)raster->height;
    for (size_t i = 0; i < count; i++)
        for (size_t channel = 0; channel < 3; channel++)
            rgb[3 * i + channel] = rgba[4 * i + channel];
    WebPAnimDecoderDelete(decoder);
    return DN_OK;
}

/* Compares the container's size with the file: libwebp accepts files whose end is missing. */
static dn_status check_container(const dn_bytes *file, dn_error *error) {
    dn_bytes header = *file;
    const uint8_t *riff;
    uint32_t size;
    DN_TRY(dn_bytes_take(&header, 4, "RIFF", &riff, error));
    DN_TRY(dn_bytes_u32(&header, "RIFF size", &size, error));
    if (size > dn_bytes_left(&header))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a truncated WebP: %u bytes are announced, %zu are there", file->name,
                       size, dn_bytes_left(&header));
    return DN_OK;
}

dn_status dn_decode_webp(dn_bytes file, dn_raster *raster, dn_error *error) {
    WebPDecoderConfig config;
    DN_TRY(check_container(&file, error));
    if (!WebPInitDecoderConfig(&config))
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "%s: libwebp does not fit its headers",
                       file.name);
    VP8StatusCode code = WebPGetFeatures(file.data, file.size, &config.input);
    if (code != VP8_STATUS_OK)
        return fail_damaged(&file, reason(code), error);
    DN_TRY(dn_decode_allocate(&file, "WebP", (uint64_t)config.input.width,
                              (uint64_t)config.input.height, raster, error));
    if (config.input.has_animation)
        return read_first_frame(&file, raster, error);
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = raster->samples;
    config.output.u.RGBA.stride = raster->width * 3;
    config.output.u.RGBA.size = (size_t)raster->width * (size_t)raster->height * 3;
    code = WebPDecode(file.data, file.size, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? DN_OK : fail_damaged(&file, reason(code), error);
}
