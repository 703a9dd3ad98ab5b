/*
 * The parts of a detector's ONNX graph. Values are named by texts, as in onnx_graph.h; N is the
 * number of images.
 *
 *     dn_onnx_network    images to features, and to the maps that a detector for places reads
 *     dn_onnx_flow       features to z
 *     dn_onnx_paper      z to the paper's score
 *     dn_onnx_places     maps to the map of places; then what it makes of the score
 *     dn_onnx_judge      score and map to what anomalib calls pred_score, pred_label, pred_mask
 */
#ifndef DN_INTERCHANGE_ONNX_PARTS_H
#define DN_INTERCHANGE_ONNX_PARTS_H

#include "detect/detector.h"
#include "interchange/onnx_graph.h"

typedef struct dn_onnx_exporter {
    dn_onnx *graph;
    const dn_detector *detector;
    int half, views, height, width;
    int32_t *turns; /* [views][height * width]: 1 + the source's pixel, 0 outside; owned */
} dn_onnx_exporter;

typedef struct dn_onnx_features {
    const char *rows;    /* [N * views, features], the views of an image together */
    const char **places; /* of the upright view: each [N, channels, height, width], then NULL; NULL:
                            the detector has none for places */
} dn_onnx_features;

/* Makes the table `turns`; without it each image is one view. */
dn_status dn_onnx_prepare_turns(dn_onnx_exporter *self, dn_error *error);

/* A constant from a tensor: in place, or as f16 with a cast behind it. */
const char *dn_onnx_weights(dn_onnx_exporter *self, dn_onnx *graph, const dn_tensor *tensor);

/* Of the input "images". After a failed allocation, which writing the graph reports, rows is "". */
dn_onnx_features dn_onnx_network(dn_onnx_exporter *self);

const char *dn_onnx_flow(dn_onnx_exporter *self, const char *rows);

/* z^2's mean, reduced over the views of an image: [N] */
const char *dn_onnx_paper(dn_onnx_exporter *self, const char *z);

/* The map of places [N, height, width] (places/heat.h), in f32 even where weights are f16. */
const char *dn_onnx_places(dn_onnx_exporter *self, const char *const *maps);

/* The largest value of each map [N], and the score that decides (dn_place_decide) with it. */
const char *dn_onnx_places_score(dn_onnx_exporter *self, const char *map);
const char *dn_onnx_decide(dn_onnx_exporter *self, const char *paper, const char *places);

/* Outputs of a calibrated model: pred_score, pred_label, verdict (0 PASS, 1 REVIEW, 2 FAIL). */
void dn_onnx_judge(dn_onnx_exporter *self, const char *raw);

/* Outputs anomaly_map and, where the threshold is known, pred_mask, [N, 1, height, width]: pixels
 * above the map threshold; none with a PASS. */
void dn_onnx_locate(dn_onnx_exporter *self, const char *map, const char *raw);

/* The mean of each row of [N, columns]: [N] */
const char *dn_onnx_row_means(dn_onnx *graph, const char *value);

#endif
