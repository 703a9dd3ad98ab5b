/* Opening a zip archive in memory with libzip, for the readers of the formats that are one. */
#ifndef DN_TENSORS_ZIP_ARCHIVE_H
#define DN_TENSORS_ZIP_ARCHIVE_H

#include "tensors/tensor_table.h"

#include <zip.h>

/* Checked for consistency; zip_discard it. The file's bytes must outlive it. */
dn_status dn_zip_open(const dn_tensor_file *file, zip_t **zip, dn_error *error);

#endif
