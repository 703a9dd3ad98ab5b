/* Images, bit for bit as torchvision makes them through Pillow. Rows run top to bottom, pixels are
 * RGB bytes without padding; pixel (0, 0) spans [0,1) x [0,1), its centre is (0.5, 0.5). */
#ifndef DN_IMAGE_IMAGE_H
#define DN_IMAGE_IMAGE_H

#include "base/error.h"
#include "base/random.h"

/* How a picture deeper than 8 bits became one of 8 (image/levels.h). */
typedef struct dn_depth {
    int bits;               /* of a sample in the file; 0: not from a file */
    int is_mapped;          /* by levels; else the members below are 0 */
    double black, white;    /* the levels */
    double lowest, highest; /* sample */
    double outside;         /* share of the samples below black or above white, 0 to 1 */
} dn_depth;

typedef struct dn_image {
    int width, height;
    uint8_t *pixels; /* height * width * 3; owned; dn_image_free */
    dn_depth depth;
} dn_image;

struct dn_levels;

/* Limits on what is decoded: larger images are refused before their pixels are allocated. */
#define DN_IMAGE_MAX_SIDE 65500
#define DN_IMAGE_MAX_PIXELS                                                                        \
    178956970 /* Pillow's decompression bomb error is at twice its warning */
#define DN_IMAGE_MAX_FILE ((size_t)1 << 30)

dn_status dn_image_create(int width, int height, dn_image *image, dn_error *error);
void dn_image_free(dn_image *image);

/* PIL.Image.open(path).convert("RGB"), with `levels` for pictures deeper than 8 bits (NULL: each
 * picture by its own range). `name` is what messages call the bytes. The caller frees the image;
 * after a failure it is empty. Thread-safe. DN_ERROR_FORMAT: no image, a damaged one, or one of a
 * kind that is not read; DN_ERROR_IO from dn_image_read alone. */
dn_status dn_image_decode(const void *bytes, size_t size, const char *name,
                          const struct dn_levels *levels, dn_image *image, dn_error *error);
dn_status dn_image_read(const char *path, const struct dn_levels *levels, dn_image *image,
                        dn_error *error);

/* Copies rows that lie `stride` bytes apart; grey becomes three equal channels. */
dn_status dn_image_from_pixels(const uint8_t *pixels, dn_pixel_format format, int width, int height,
                               size_t stride, dn_image *image, dn_error *error);

/* torchvision Resize((height, width)): Pillow's antialiased bilinear, 8-bit fixed point. */
dn_status dn_image_resize(const dn_image *source, int width, int height, dn_image *resized,
                          dn_error *error);

/* torchvision rotate = Image.rotate(degrees): nearest, same size, black outside. `rotated` has the
 * source's size and other memory. Thread-safe, allocates nothing. */
void dn_image_rotate(const dn_image *source, double degrees, dn_image *rotated);

/* Factors of one draw of torchvision ColorJitter(brightness, contrast, saturation): each factor is
 * uniform in [max(0, 1 - x), 1 + x], applied in a random order; order holds 0 brightness,
 * 1 contrast, 2 saturation. A property of strength 0 is left out, as torchvision does. */
typedef struct dn_jitter {
    int count, order[3];
    double factor[3]; /* by property, not by order */
} dn_jitter;

dn_jitter dn_jitter_draw(double brightness, double contrast, double saturation, dn_random *random);
void dn_image_jitter(dn_image *image, const dn_jitter *jitter);

/* ToTensor + Normalize as a table: value v of channel c becomes table.value[c][v], in f32 exactly
 * as PyTorch computes (v / 255 - mean) / std. */
typedef struct dn_normalization {
    float value[3][256];
} dn_normalization;

void dn_normalization_init(dn_normalization *table, const double mean[3], const double std[3]);

/* output[height][width][3] */
void dn_image_normalize(const dn_image *image, const dn_normalization *table, float *output);

/* dn_image_rotate and dn_image_normalize in one pass, the same values. */
void dn_image_rotate_normalize(const dn_image *source, double degrees,
                               const dn_normalization *table, float *output);

#endif
