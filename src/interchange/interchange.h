/* Exchange with other programs: imports the original's state_dicts and weights of backbones,
 * exports PyTorch's state_dicts, safetensors and ONNX. docs/interchange.md. */
#ifndef DN_INTERCHANGE_INTERCHANGE_H
#define DN_INTERCHANGE_INTERCHANGE_H

#include "detect/detector.h"

/* From a file with the weights of a known network (backbone/import_weights.h) writes a weights file
 * for the key `backbone`. From any other file, a state_dict of the original or safetensors with its
 * names, writes the model file `output`: fc_internal, n_coupling_blocks and n_scales follow from
 * the shapes, and a value in `config` that is not the default must agree with them. The backbone
 * comes from the file unless config->backbone names another. The source is mapped; the flow is
 * never held in memory. */
dn_status dn_interchange_import(const char *path, const dn_config *config, const char *output,
                                const dn_observer *observer, dn_error *error);

/* Imports the weights of a backbone from an open file. */
dn_status dn_interchange_import_backbone(const dn_tensor_file *file, const char *path,
                                         const char *output, const dn_observer *observer,
                                         dn_error *error);

/* Writes a state_dict for the original's load_weights. The parts that the original requires but
 * does not use are constants. */
dn_status dn_interchange_export_pytorch(const char *model, int half, const char *output,
                                        dn_error *error);

/* Writes the model file again, with floats as f16 if `half` is set. */
dn_status dn_interchange_export_safetensors(const char *model, int half, const char *output,
                                            dn_error *error);

/* One graph from uint8 images [N, height, width, 3] to raw_score [N] and, where the model is
 * calibrated, pred_score and pred_label. With `views` > 1 the graph
 * turns each image that often, as predict does; otherwise each image is one view. */
dn_status dn_interchange_export_onnx(const char *model, int half, int views, const char *output,
                                     dn_error *error);

#endif
