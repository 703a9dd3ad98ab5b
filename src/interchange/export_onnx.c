/*
 * A detector as one ONNX graph:
 *
 *     images [N, height, width, 3] uint8, RGB
 *     raw_score [N]    what the verdict is about (dn_score.raw)
 *     paper_score, places_score [N]    its parts, where there is a detector for places
 *     pred_score, pred_label, verdict [N]    where the model is calibrated
 *     anomaly_map, pred_mask [N, 1, height, width]    where maps show places
 *
 * Without rotations each image is scored as the one view that it is. With them a Scan runs over the
 * views: it picks the turned image's pixels by a table and keeps only the features, so that it
 * needs the memory of one view; the flow then takes all views of all images at once.
 */
#include "base/memory.h"
#include "interchange/interchange.h"
#include "interchange/onnx_parts.h"

#include <stdio.h>
#include <string.h>

/* The score that decides, and the map of places; the map stays NULL where there is none. */
static const char *scored(dn_onnx_exporter *self, const char **map) {
    dn_onnx *graph = self->graph;
    const int64_t batch = -1;
    dn_onnx_features found = dn_onnx_network(self);
    const char *raw = dn_onnx_paper(self, dn_onnx_flow(self, found.rows)), *paper = raw;
    if (!found.places) {
        dn_onnx_output(graph, raw, "raw_score", DN_ONNX_FLOAT, &batch, 1);
        return raw;
    }
    *map = dn_onnx_places(self, found.places);
    const char *places = dn_onnx_places_score(self, *map);
    raw = dn_onnx_decide(self, paper, places);
    dn_onnx_output(graph, raw, "raw_score", DN_ONNX_FLOAT, &batch, 1);
    dn_onnx_output(graph, paper, "paper_score", DN_ONNX_FLOAT, &batch, 1);
    dn_onnx_output(graph, places, "places_score", DN_ONNX_FLOAT, &batch, 1);
    return raw;
}

static void build(dn_onnx_exporter *self) {
    const int64_t images[] = {-1, self->height, self->width, 3};
    const char *map = NULL;
    dn_onnx_input(self->graph, "images", DN_ONNX_UINT8, images, 4);
    const char *raw = scored(self, &map);
    if (dn_calibration_judges(&self->detector->calibration))
        dn_onnx_judge(self, raw);
    if (map && dn_detector_maps_places(self->detector))
        dn_onnx_locate(self, map, raw);
}

/* ---- The file -------------------------------------------------------------------------------- */

static void describe_threshold(dn_onnx_exporter *self, const char *name, double value) {
    char text[32];
    if (!(value > 0))
        return;
    snprintf(text, sizeof text, "%.9g", value);
    dn_onnx_property(self->graph, name, text);
}

static void describe_model(dn_onnx_exporter *self) {
    const dn_calibration *judged = &self->detector->calibration;
    char views[16];
    snprintf(views, sizeof views, "%d", self->views);
    dn_onnx_property(self->graph, "rotations", views);
    if (dn_calibration_judges(judged)) {
        describe_threshold(self, "threshold", judged->threshold);
        describe_threshold(self, "review_threshold", judged->review_threshold);
        describe_threshold(self, "low_threshold", judged->low_threshold);
        dn_onnx_property(self->graph, "verdict", "0 PASS, 1 REVIEW, 2 FAIL");
    }
    if (dn_detector_maps_places(self->detector))
        describe_threshold(self, "map_threshold", dn_detector_map_threshold(self->detector));
    dn_onnx_property(self->graph, "model_id", self->detector->id);
    dn_onnx_property(self->graph, "input", "uint8 RGB, [N, height, width, 3]");
}

/* The region of interest cannot be painted on views that were turned outside the graph. */
static dn_status check_roi(const dn_onnx_exporter *self, dn_error *error) {
    if (self->views > 1 || !dn_roi_limits(&self->detector->roi))
        return DN_OK;
    return dn_fail(
        error, DN_ERROR_UNSUPPORTED,
        "the model has a region of interest, which is painted before an image is turned: "
        "only a graph that turns it itself can do so (--rotations N, N above 1)");
}

static dn_status export_detector(dn_onnx_exporter *self, const char *output, dn_error *error) {
    DN_TRY(check_roi(self, error));
    if (self->views > 1)
        DN_TRY(dn_onnx_prepare_turns(self, error));
    DN_TRY(dn_onnx_create("DifferNet", &self->graph, error));
    build(self);
    describe_model(self);
    return dn_onnx_write(self->graph, output, error);
}

dn_status dn_interchange_export_onnx(const char *model, int half, int views, const char *output,
                                     dn_error *error) {
    dn_detector detector;
    DN_TRY(dn_detector_load(model, NULL, &detector, error));
    dn_onnx_exporter self = {.detector = &detector,
                             .half = half,
                             .views = views > 1 ? views : 1,
                             .height = detector.config->img_size[0],
                             .width = detector.config->img_size[1]};
    dn_status status = export_detector(&self, output, error);
    dn_onnx_destroy(self.graph);
    dn_release(self.turns);
    dn_detector_close(&detector);
    return status;
}
