/* What the check keeps of one image and its mask. */
#ifndef DN_CHECK_RECORD_H
#define DN_CHECK_RECORD_H

#include "check/check.h"

typedef enum dn_mask_state {
    DN_MASK_NONE,
    DN_MASK_FITS,
    DN_MASK_UNREADABLE,
    DN_MASK_OTHER_SIZE,
    DN_MASK_EMPTY, /* marks no pixel */
    DN_MASK_GREY   /* has values other than 0 and one more */
} dn_mask_state;

typedef struct dn_record {
    int width, height;                 /* 0 if the image cannot be read */
    char *failure;                     /* why it cannot be read, or NULL */
    char digest[DN_DIGEST_LENGTH + 1]; /* of size and pixels, for any file format */
    dn_image_kind kind;
    dn_depth depth;
    double values[DN_PROPERTIES];
    dn_mask_state mask;
    char *mask_detail; /* what is wrong with the mask, or NULL */
} dn_record;

static inline int dn_record_readable(const dn_record *record) {
    return record->width > 0;
}

/* Reads an image, with levels if it is deep, and its mask. Never fails: faults are noted in the
 * record, which dn_record_clear frees. Thread-safe. */
void dn_record_fill(const dn_sample *sample, const dn_levels *levels, dn_record *record);
void dn_record_clear(dn_record *record);

#endif
