/* Decoding and preprocessing: any bytes give a picture within the limits, which then becomes a
 * network's input without a value that is not finite, or one error; never a crash. Read piece by
 * piece they give the same. The last byte chooses the levels of deep pictures. */
#include "image/formats/kind.h"
#include "image/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Preprocessing takes time in proportion to the picture, and finds nothing new in large ones. */
enum { INPUT_SIDE = 24, LARGEST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepare(const dn_image *image) {
    static const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225};
    dn_error error = {0};
    dn_image resized = {0};
    dn_normalization table;
    float input[INPUT_SIDE * INPUT_SIDE * 3];
    dn_normalization_init(&table, mean, std);
    if (dn_image_resize(image, INPUT_SIDE, INPUT_SIDE, &resized, &error) != DN_OK)
        return;
    dn_image_rotate_normalize(&resized, image->width % 360, &table, input);
    for (size_t i = 0; i < sizeof input / sizeof *input; i++)
        if (!isfinite(input[i]))
            abort();
    dn_image_free(&resized);
}

/* Levels as a survey finds them, from a histogram of few bins. */
static void survey(const uint8_t *data, size_t size) {
    enum { BINS = 16 };
    uint64_t histogram[BINS] = {0}, total = 0;
    dn_sample_range range;
    dn_raster raster;
    if (dn_raster_decode(data, size, "fuzz", &raster, NULL) != DN_OK)
        return;
    size_t count = (size_t)raster.width * (size_t)raster.height * (size_t)raster.channels;
    if (raster.type != DN_SAMPLES_RGB8 && count <= LARGEST) {
        dn_raster_extremes(&raster, &range.black, &range.white);
        if (!isfinite(range.black) || !isfinite(range.white) || range.black > range.white)
            abort();
        range.white += range.white > range.black ? 0 : 1;
        dn_raster_count(&raster, range, histogram, BINS);
        for (int bin = 0; bin < BINS; bin++)
            total += histogram[bin];
        double outside = dn_raster_outside(&raster, range);
        if (total > count || !(outside >= 0 && outside <= 1))
            abort();
    }
    dn_raster_free(&raster);
}

/* What the header says agrees with what is decoded. */
static void compare_kind(const dn_image_kind *kind, const dn_image *image) {
    if (kind->format[0] == '\0' || (kind->is_deep != 0) != (image->depth.is_mapped != 0) ||
        kind->orientation < 0 || kind->orientation > 8)
        abort();
}

static size_t bytes_of(const dn_raster *raster) {
    static const size_t sizes[] = {1, 2, 4};
    return (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels *
           sizes[raster->type];
}

static void compare_rasters(const uint8_t *data, size_t size, dn_pieces *pieces) {
    dn_raster whole, raster;
    int done;
    dn_status status = dn_raster_decode_pieces(pieces, &raster, &done, NULL);
    if (!done)
        return;
    if (dn_raster_decode(data, size, "fuzz", &whole, NULL) != status)
        abort();
    if (status == DN_OK && (bytes_of(&whole) != bytes_of(&raster) ||
                            memcmp(whole.samples, raster.samples, bytes_of(&whole)) != 0))
        abort();
    dn_raster_free(&whole);
    dn_raster_free(&raster);
}

static void read_in_pieces(const uint8_t *data, size_t size) {
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0)
        return;
    dn_pieces pieces = {.descriptor = descriptor, .path = "fuzz", .size = size};
    if (write(descriptor, data, size) == (ssize_t)size)
        compare_rasters(data, size, &pieces);
    dn_pieces_close(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const dn_levels levels[] = {
        {.kind = DN_LEVELS_OWN}, {.kind = DN_LEVELS_WHOLE}, {DN_LEVELS_SET, {100, 4000}}};
    dn_error error = {0};
    dn_image image = {0};
    const dn_levels *chosen = &levels[size > 0 ? data[size - 1] % 3 : 0];
    dn_image_kind kind = dn_image_kind_of(data, size);
    dn_status status = dn_image_decode(data, size, "fuzz", chosen, &image, &error);
    if (status != error.status || (status != DN_OK && error.message[0] == '\0'))
        abort();
    if (status == DN_OK)
        compare_kind(&kind, &image);
    if (kind.is_deep)
        survey(data, size);
    if (size <= LARGEST)
        read_in_pieces(data, size);
    if (status == DN_OK && (int64_t)image.width * image.height <= LARGEST)
        prepare(&image);
    dn_image_free(&image);
    return 0;
}
