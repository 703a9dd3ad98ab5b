#include "tensors/zip_archive.h"

dn_status dn_zip_open(const dn_tensor_file *file, zip_t **zip, dn_error *error) {
    zip_error_t problem;
    zip_error_init(&problem);
    zip_source_t *source = zip_source_buffer_create(file->bytes, file->size, 0, &problem);
    *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &problem) : NULL;
    if (!*zip) {
        dn_fail(error, DN_ERROR_FORMAT, "%s: cannot read the zip archive: %s (is it truncated?)",
                file->name, zip_error_strerror(&problem));
        zip_source_free(source);
    }
    zip_error_fini(&problem);
    return *zip ? DN_OK : DN_ERROR_FORMAT;
}
