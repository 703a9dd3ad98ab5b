/* Import and export. */
#include "interchange/interchange.h"

dn_status dn_import(const char *path, const dn_config *config, const char *output,
                    const dn_observer *observer, dn_error *error) {
    if (!path || !config || !output)
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_import: path, config and output are needed");
    return dn_interchange_import(path, config, output, observer, error);
}

dn_status dn_export(const char *model, const dn_export_options *options, const char *output,
                    dn_error *error) {
    if (!model || !options || !output)
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: model, options and output are needed");
    switch (options->format) {
    case DN_EXPORT_PYTORCH:
        return dn_interchange_export_pytorch(model, options->half, output, error);
    case DN_EXPORT_SAFETENSORS:
        return dn_interchange_export_safetensors(model, options->half, output, error);
    case DN_EXPORT_ONNX:
        if (options->rotations < 0 || options->rotations > 1024)
            return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: %d rotations, expected 0 to 1024",
                           options->rotations);
        return dn_interchange_export_onnx(model, options->half, options->rotations, output, error);
    default:
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: no format has the number %d",
                       (int)options->format);
    }
}
