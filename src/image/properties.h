/* Plain statistics of a picture, by which pictures are compared with one another: in `check`, and
 * later pictures with those that a model was trained on. */
#ifndef DN_IMAGE_PROPERTIES_H
#define DN_IMAGE_PROPERTIES_H

#include "image/roi.h"

typedef enum dn_property {
    DN_PROPERTY_SIZE,       /* pixels */
    DN_PROPERTY_ASPECT,     /* width / height */
    DN_PROPERTY_BRIGHTNESS, /* mean grey value, 0 to 255 */
    DN_PROPERTY_CONTRAST,   /* standard deviation of the grey values */
    DN_PROPERTY_COLOUR,     /* mean difference of a pixel's largest and smallest channel */
    DN_PROPERTY_SHARPNESS,  /* mean of |4 c - n - e - s - w| over the grey values */
    DN_PROPERTIES
} dn_property;

const char *dn_property_name(dn_property property);
int dn_property_decimals(dn_property property); /* to print */

/* On the scale of comparisons: ratios (size, aspect, sharpness) as logarithms to base 2; and back.
 */
double dn_property_to_scale(dn_property property, double value);
double dn_property_from_scale(dn_property property, double value);

/* A difference that is too small to mean anything, on that scale. */
double dn_property_floor(dn_property property);

/* The largest possible value, in its own unit. */
double dn_property_largest(dn_property property);

/* All properties of a picture, painted black outside of `roi` (NULL: everything counts), in one
 * pass without a copy; sums are of integers, so they do not depend on the order. Thread-safe.
 * DN_ERROR_MEMORY. */
dn_status dn_image_measure(const dn_image *image, const dn_roi *roi, double values[DN_PROPERTIES],
                           dn_error *error);

#endif
