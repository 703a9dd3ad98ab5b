/*
 * Levels: which sample values of a picture deeper than 8 bits become black and white. Sample v
 * becomes floor(256 (v - black) / (white - black + 1)), limited to 0 and 255; without the 1 where
 * samples are not whole numbers. With 0:65535 this is the high byte, with 0:4095 the upper 8 of 12
 * bits. Pictures of up to 8 bits are not touched. docs/images.md has the rules.
 */
#ifndef DN_IMAGE_LEVELS_H
#define DN_IMAGE_LEVELS_H

#include "image/formats/raster.h"
#include "image/image.h"

typedef enum dn_levels_kind {
    DN_LEVELS_OWN, /* as the file declares, else 0, or the lowest sample below it, to the highest */
    DN_LEVELS_WHOLE, /* the range of the sample type */
    DN_LEVELS_SET    /* `range` */
} dn_levels_kind;

typedef struct dn_levels {
    dn_levels_kind kind;
    dn_sample_range range; /* DN_LEVELS_SET alone */
} dn_levels;

/* Makes the raster an RGB image with its depth, and empties the raster. `levels` NULL: its own.
 * DN_ERROR_FORMAT where DN_LEVELS_WHOLE meets floating point, which has no range; `name` is what
 * the message calls the picture. */
dn_status dn_levels_apply(const dn_levels *levels, const char *name, dn_raster *raster,
                          dn_image *image, dn_error *error);

/* What is found on many pictures. */
typedef enum dn_levels_source {
    DN_LEVELS_NONE, /* no picture is deeper than 8 bits */
    DN_LEVELS_GIVEN,
    DN_LEVELS_FILE, /* every deep picture declares the same range */
    DN_LEVELS_FOUND /* from the samples: docs/images.md */
} dn_levels_source;

typedef struct dn_levels_survey {
    dn_levels_source source;
    dn_sample_range range;     /* unknown: DN_LEVELS_NONE */
    double outside;            /* largest share of a picture's samples beyond the levels */
    size_t deep, shallow;      /* pictures; those that cannot be read are in neither */
    double lowest, highest;    /* sample of all deep pictures */
    int least_bits, most_bits; /* of a sample, over all pictures */
} dn_levels_survey;

/* Finds levels for the deep pictures among `count` files, or takes `given` ones (NULL: none). Looks
 * into headers, and decodes deep pictures alone, three times. The result does not depend on the
 * number of threads. Skips files that cannot be read. DN_ERROR_MEMORY. */
dn_status dn_levels_find(const char *const *paths, size_t count, const dn_sample_range *given,
                         int threads, dn_levels_survey *survey, dn_error *error);

#endif
