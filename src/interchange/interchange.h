/* Models from and for other programs: the original's state_dicts and the weights of backbones in;
 * PyTorch's state_dicts, safetensors and ONNX out. docs/interchange.md. */
#ifndef DN_INTERCHANGE_INTERCHANGE_H
#define DN_INTERCHANGE_INTERCHANGE_H

#include "detect/detector.h"

/* From a file with the weights of a known network (backbone/import_weights.h), a weights file that
 * the key `backbone` takes. From any other the model file `output`, of a state_dict of the
 * original, or a safetensors file with its names. fc_internal, n_coupling_blocks and n_scales
 * follow from the shapes; where `config` has another value than the default for them, it must
 * agree. The backbone comes from the file unless config->backbone names another. Memory: the source
 * is mapped, the flow never held. */
dn_status dn_interchange_import(const char *path, const dn_config *config, const char *output,
                                const dn_observer *observer, dn_error *error);

/* The first of the two, of an open file. */
dn_status dn_interchange_import_backbone(const dn_tensor_file *file, const char *path,
                                         const char *output, const dn_observer *observer,
                                         dn_error *error);

/* The state_dict that the original's load_weights takes: with the parts that it never uses, as
 * constants. */
dn_status dn_interchange_export_pytorch(const char *model, int half, const char *output,
                                        dn_error *error);

/* The model file again, in another float type where `half` is set; still a model of ours. */
dn_status dn_interchange_export_safetensors(const char *model, int half, const char *output,
                                            dn_error *error);

/* One graph from uint8 images [N, height, width, 3] to raw_score [N] and, where the model is
 * calibrated, pred_score and pred_label. `views` > 1: the graph turns each image so often and
 * averages, as predict does; else each image is one view. */
dn_status dn_interchange_export_onnx(const char *model, int half, int views, const char *output,
                                     dn_error *error);

#endif
