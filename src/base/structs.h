/* Public structs that callers allocate. Each begins with `struct_size`, its size in the header that
 * the caller was compiled with, so that a struct can grow at its end and old programs keep working
 * (docs/abi.md). The functions of the public headers read and write them only through these. */
#ifndef DN_BASE_STRUCTS_H
#define DN_BASE_STRUCTS_H

#include "base/error.h"

typedef struct dn_struct {
    const char *name;
    size_t size;  /* in this version of the header */
    size_t least; /* in the first release of this ABI */
} dn_struct;

extern const dn_struct dn_struct_result, dn_struct_image_source, dn_struct_map_files,
    dn_struct_model_options, dn_struct_score_options, dn_struct_observer, dn_struct_image_list,
    dn_struct_row_places, dn_struct_metrics, dn_struct_calibration_summary, dn_struct_train_summary,
    dn_struct_export_options, dn_struct_classes_options, dn_struct_part_options,
    dn_struct_calibrate_options;

/* DN_ERROR_ARGUMENT if the caller's struct has not set a valid struct_size. NULL is valid. */
dn_status dn_struct_check(const dn_struct *kind, const void *given, dn_error *error);

/* Copies the caller's struct to *own, which has this version's size: members that the caller does
 * not know are 0, and all are if `given` is NULL. Fails as dn_struct_check, and with
 * DN_ERROR_UNSUPPORTED if the caller has set members that this version does not know. */
dn_status dn_struct_read(const dn_struct *kind, void *own, const void *given, dn_error *error);

/* Copies *own to the caller's struct, as far as the caller knows its members; members that this
 * version does not know become 0. Does nothing if `given` is NULL. `given` was checked. */
void dn_struct_write(const dn_struct *kind, void *given, const void *own);

#endif
