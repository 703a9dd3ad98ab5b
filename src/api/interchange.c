/* Import and export. */
#include "interchange/interchange.h"

#include "base/structs.h"
#include "detect/model_path.h"

dn_status dn_import(const char *path, const dn_config *config, const char *output,
                    const dn_observer *observer, dn_error *error) {
    if (!path || !config || !output)
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_import: path, config and output are needed");
    dn_observer observed;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    return dn_interchange_import(path, config, output, &observed, error);
}

dn_status dn_export(const char *model, const dn_export_options *options, const char *output,
                    dn_error *error) {
    if (!model || !options || !output)
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: model, options and output are needed");
    dn_export_options known;
    DN_TRY(dn_struct_read(&dn_struct_export_options, &known, options, error));
    char path[DN_MODEL_PATH];
    DN_TRY(dn_model_path_find(model, path, error));
    switch (known.format) {
    case DN_EXPORT_PYTORCH:
        return dn_interchange_export_pytorch(path, known.half, output, error);
    case DN_EXPORT_SAFETENSORS:
        return dn_interchange_export_safetensors(path, known.half, output, error);
    case DN_EXPORT_ONNX:
        if (known.rotations < 0 || known.rotations > 1024)
            return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: %d rotations, expected 0 to 1024",
                           known.rotations);
        return dn_interchange_export_onnx(path, known.half, known.rotations, output, error);
    default:
        return dn_fail(error, DN_ERROR_ARGUMENT, "dn_export: no format has the number %d",
                       (int)known.format);
    }
}
