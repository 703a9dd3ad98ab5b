/* Coefficients of a JPEG with several scans. libjpeg keeps those of the whole picture until it has
 * read the last scan, 2 bytes each: up to twice the decoded picture. Here they lie packed; rows
 * that libjpeg works on are unpacked. What is decoded stays the same. */
#ifndef DN_IMAGE_JPEG_COEFFICIENTS_H
#define DN_IMAGE_JPEG_COEFFICIENTS_H

#include <stdio.h>

/* jpeglib.h needs stdio.h before it. */
/* clang-format off */
#include <jpeglib.h>
/* clang-format on */

/* A store for each component, as they are requested. Zeros: none yet. */
typedef struct dn_jpeg_coefficients {
    struct dn_jpeg_store *stores;
} dn_jpeg_coefficients;

/* From now on the decoder, which has just been created, keeps its coefficients there; client_data
 * is taken. What fails goes to its error handler. */
void dn_jpeg_coefficients_pack(j_decompress_ptr decoder, dn_jpeg_coefficients *coefficients);

/* The decoder must not use them any more. */
void dn_jpeg_coefficients_free(dn_jpeg_coefficients *coefficients);

#endif
