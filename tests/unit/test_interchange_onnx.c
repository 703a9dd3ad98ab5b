/* The ONNX file read back through ONNX's protobuf definition: complete, and every value made before
 * it is used. onnx.checker and onnxruntime judge it in tools/interchange.py. */
#include "base/memory.h"
#include "detect/features/extractor.h"
#include "interchange/interchange.h"
#include "interchange/onnx_graph.h"
#include "support/support.h"

#include <math.h>
#include <onnx/onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], model_path[128], onnx_path[128];
static const char *reduction = "mean"; /* of the next model */
static const char *score;              /* likewise; NULL: it has no detector for places */
static const char *map = "places";

/* The identity at each place, and one statistic. */
static void add_places(dn_detector *detector) {
    dn_error error = {0};
    const dn_backbone_shape shape =
        dn_backbone_shape_of(detector->config, detector->backbone.network, 1, 1);
    const dn_place_grid grid = dn_place_grid_of(&shape);
    size_t triangle = dn_triangle(grid.channels), places = dn_place_grid_places(&grid);
    assert_ok(dn_config_set(detector->config, "places", "gaussian", &error));
    assert_ok(dn_config_set(detector->config, "score", score, &error));
    assert_ok(dn_config_set(detector->config, "map", map, &error));
    assert_ok(dn_place_model_create(detector->config, &grid, &detector->places, &error));
    memset(detector->places.mean, 0, places * (size_t)grid.channels * sizeof(float));
    memset(detector->places.factor, 0, places * triangle * sizeof(float));
    memset(detector->places.logs, 0, places * sizeof(float));
    for (size_t i = 0; i < places; i++)
        for (int c = 0; c < grid.channels; c++)
            detector->places.factor[i * triangle + dn_triangle(c) + (size_t)c] = 1;
    for (size_t i = 0; i < places; i++)
        detector->places.logs[places + i] = 1;
    assert_ok(dn_allocate_floats(&detector->places.good, 1, &error));
    detector->places.good[0] = 2;
    detector->places.good_count = 1;
    detector->places.gaussians.pictures = 10;
    dn_place_combine(&detector->places, NULL, 0);
}

static void make_model_with(const dn_network *network, double threshold, const dn_roi *roi) {
    dn_error error = {0};
    dn_config *config;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_set(config, "img_size", "[64, 96]", &error));
    assert_ok(dn_config_set(config, "n_scales", "1", &error));
    assert_ok(dn_config_set(config, "fc_internal", "8", &error));
    assert_ok(dn_config_set(config, "n_coupling_blocks", "2", &error));
    assert_ok(dn_config_set(config, "rotation_reduction", reduction, &error));
    dn_detector detector = {.config = config, .flow = dn_flow_shape_of(config, network)};
    detector.calibration = dn_calibration_none();
    detector.calibration.threshold = detector.calibration.review_threshold = threshold;
    if (threshold > 0)
        detector.calibration.request.rule = DN_RULE_MANUAL;
    detector.calibration.request.manual = threshold;
    assert_ok(dn_backbone_weights_random(network, &detector.backbone, &error));
    float *parameters = malloc(dn_flow_parameter_count(&detector.flow) * sizeof *parameters);
    dn_flow_initialize(&detector.flow, parameters, 1, 1);
    detector.parameters = parameters;
    dn_provenance provenance = {0};
    if (score)
        add_places(&detector);
    if (roi)
        assert_ok(dn_roi_of_values(roi->inside, "test", 96, 64, &detector.roi, &error));
    assert_ok(dn_detector_save(&detector, model_path, &provenance, &error));
    free(parameters);
    dn_detector_close(&detector);
}

static void make_model_of(double threshold, const dn_roi *roi) {
    make_model_with(&dn_alexnet, threshold, roi);
}

static void make_model(double threshold) {
    make_model_of(threshold, NULL);
}

static Onnx__ModelProto *export_and_read(int half, int views) {
    dn_error error = {0};
    assert_ok(dn_interchange_export_onnx(model_path, half, views, onnx_path, &error));
    size_t size;
    char *bytes = get_file(onnx_path, &size);
    Onnx__ModelProto *message = onnx__model_proto__unpack(NULL, size, (const uint8_t *)bytes);
    free(bytes);
    assert_non_null(message);
    return message;
}

typedef struct scope {
    const Onnx__GraphProto *graph;
    size_t nodes; /* that ran already */
    const struct scope *outer;
} scope;

static int made_by(const Onnx__NodeProto *node, const char *name) {
    for (size_t i = 0; i < node->n_output; i++)
        if (strcmp(node->output[i], name) == 0)
            return 1;
    return 0;
}

static int is_known(const scope *within, const char *name) {
    for (; within; within = within->outer) {
        for (size_t i = 0; i < within->nodes; i++)
            if (made_by(within->graph->node[i], name))
                return 1;
        for (size_t i = 0; i < within->graph->n_input; i++)
            if (strcmp(within->graph->input[i]->name, name) == 0)
                return 1;
        for (size_t i = 0; i < within->graph->n_initializer; i++)
            if (strcmp(within->graph->initializer[i]->name, name) == 0)
                return 1;
    }
    return 0;
}

static void check_graph(const Onnx__GraphProto *graph, const scope *outer) {
    scope within = {graph, 0, outer};
    for (; within.nodes < graph->n_node; within.nodes++) {
        const Onnx__NodeProto *node = graph->node[within.nodes];
        for (size_t i = 0; i < node->n_input; i++)
            if (!is_known(&within, node->input[i]))
                fail_msg("%s uses %s before it is made", node->op_type, node->input[i]);
        for (size_t i = 0; i < node->n_output; i++)
            assert_false(is_known(&within, node->output[i]));
        for (size_t i = 0; i < node->n_attribute; i++)
            if (node->attribute[i]->g)
                check_graph(node->attribute[i]->g, &within);
    }
    for (size_t i = 0; i < graph->n_output; i++)
        assert_true(is_known(&within, graph->output[i]->name));
}

static size_t count_constants(const Onnx__GraphProto *graph, int type) {
    size_t count = 0;
    for (size_t i = 0; i < graph->n_initializer; i++) {
        const Onnx__TensorProto *tensor = graph->initializer[i];
        size_t elements = 1, width = type == DN_ONNX_FLOAT16 ? 2 : 4;
        if (tensor->data_type != type || tensor->n_dims == 0)
            continue;
        for (size_t j = 0; j < tensor->n_dims; j++)
            elements *= (size_t)tensor->dims[j];
        assert_int_equal(tensor->raw_data.len, elements * width);
        count += tensor->n_dims > 0 && strchr(tensor->name, '.') != NULL;
    }
    return count;
}

static void check_input(const Onnx__GraphProto *graph) {
    assert_int_equal(graph->n_input, 1);
    assert_string_equal(graph->input[0]->name, "images");
    const Onnx__TypeProto__Tensor *type = graph->input[0]->type->tensor_type;
    assert_int_equal(type->elem_type, DN_ONNX_UINT8);
    assert_int_equal(type->shape->n_dim, 4);
    assert_string_equal(type->shape->dim[0]->dim_param, "N");
    assert_int_equal(type->shape->dim[1]->dim_value, 64);
    assert_int_equal(type->shape->dim[2]->dim_value, 96);
    assert_int_equal(type->shape->dim[3]->dim_value, 3);
}

static void check_model(int half, int views, size_t outputs) {
    Onnx__ModelProto *message = export_and_read(half, views);
    assert_int_equal(message->ir_version, DN_ONNX_IR);
    assert_int_equal(message->opset_import[0]->version, DN_ONNX_OPSET);
    check_input(message->graph);
    assert_int_equal(message->graph->n_output, outputs);
    assert_string_equal(message->graph->output[0]->name, "raw_score");
    check_graph(message->graph, NULL);
    assert_int_equal(count_constants(message->graph, half ? DN_ONNX_FLOAT16 : DN_ONNX_FLOAT),
                     32 + dn_backbone_tensor_count(&dn_alexnet));
    onnx__model_proto__free_unpacked(message, NULL);
}

/* Nodes of an operation, with an integer attribute of that value where one is named. */
static size_t count_nodes(const Onnx__GraphProto *graph, const char *operation,
                          const char *attribute, int64_t value) {
    size_t count = 0;
    for (size_t i = 0; i < graph->n_node; i++) {
        const Onnx__NodeProto *node = graph->node[i];
        if (strcmp(node->op_type, operation) != 0)
            continue;
        count += !attribute;
        for (size_t j = 0; attribute && j < node->n_attribute; j++)
            count +=
                strcmp(node->attribute[j]->name, attribute) == 0 && node->attribute[j]->i == value;
    }
    return count;
}

/* The numbers are compared with onnxruntime's by tools/interchange.py. */
static void test_graph_of_another_network(void **state) {
    (void)state;
    make_model_with(&dn_efficientnet_lite0, NAN, NULL);
    Onnx__ModelProto *message = export_and_read(0, 1);
    const Onnx__GraphProto *graph = message->graph;
    check_graph(graph, NULL);
    assert_int_equal(count_constants(graph, DN_ONNX_FLOAT), 32 + 2 * 48);
    assert_int_equal(count_nodes(graph, "Conv", NULL, 0), 48);
    assert_int_equal(count_nodes(graph, "Conv", "group", 1), 32);
    assert_int_equal(count_nodes(graph, "Conv", "group", 1152), 4);
    assert_int_equal(count_nodes(graph, "MaxPool", NULL, 0), 0);
    assert_int_equal(count_nodes(graph, "GlobalAveragePool", NULL, 0), 4);
    assert_int_equal(count_nodes(graph, "Clip", NULL, 0), 32 + 4); /* ReLU6, and of the flow */
    onnx__model_proto__free_unpacked(message, NULL);
}

static size_t count_in_graph(const char *of, int views, const char *operation) {
    reduction = of;
    make_model(NAN);
    reduction = "mean";
    Onnx__ModelProto *message = export_and_read(0, views);
    check_graph(message->graph, NULL);
    size_t count = count_nodes(message->graph, operation, NULL, 0);
    onnx__model_proto__free_unpacked(message, NULL);
    return count;
}

/* The graph joins its views as predict does; a single view needs nothing. */
static void test_reductions(void **state) {
    (void)state;
    assert_int_equal(count_in_graph("median", 4, "TopK"), 1);
    assert_int_equal(count_in_graph("median", 1, "TopK"), 0);
    assert_int_equal(count_in_graph("mean", 4, "TopK"), 0);
    size_t of_the_flow = count_in_graph("mean", 4, "Exp");
    assert_int_equal(count_in_graph("log_mean", 4, "Exp"), of_the_flow + 1);
    assert_int_equal(count_in_graph("log_mean", 1, "Exp"), of_the_flow);
}

static void test_graphs(void **state) {
    (void)state;
    make_model(NAN);
    check_model(0, 1, 1);
    check_model(1, 3, 1);
}

static void test_a_calibrated_model(void **state) {
    (void)state;
    make_model(2.0);
    check_model(0, 2, 4);
}

static const Onnx__TensorProto *constant(const Onnx__GraphProto *graph, const char *name) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (strcmp(graph->initializer[i]->name, name) == 0)
            return graph->initializer[i];
    fail_msg("no constant %s", name);
    return NULL;
}

/* The outputs' names, joined. */
static void outputs_of(const Onnx__GraphProto *graph, char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < graph->n_output && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s ", graph->output[i]->name);
}

static Onnx__ModelProto *export_places(const char *kind, double threshold, int views) {
    score = kind;
    make_model(threshold);
    score = NULL;
    Onnx__ModelProto *message = export_and_read(0, views);
    check_graph(message->graph, NULL);
    return message;
}

static void check_outputs(const char *kind, double threshold, const char *wanted) {
    char names[256] = "";
    Onnx__ModelProto *message = export_places(kind, threshold, 2);
    outputs_of(message->graph, names, sizeof names);
    assert_string_equal(names, wanted);
    onnx__model_proto__free_unpacked(message, NULL);
}

/* What onnxruntime makes of them is compared by tools/interchange.py. */
static void test_places(void **state) {
    (void)state;
    check_outputs("combined", 2,
                  "raw_score paper_score places_score pred_score pred_label verdict "
                  "anomaly_map pred_mask ");
    check_outputs("paper", NAN, "raw_score paper_score places_score anomaly_map pred_mask ");
    map = "gradient"; /* the graph has no backward pass */
    check_outputs("places", 2, "raw_score paper_score places_score pred_score pred_label verdict ");
    map = "places";
}

/* The packed triangles are in the file once; the upright view is not scanned a second time. */
static void test_places_take_one_pass(void **state) {
    (void)state;
    Onnx__ModelProto *message = export_places("combined", 2, 3);
    const Onnx__GraphProto *graph = message->graph;
    const Onnx__TensorProto *factor = constant(graph, "places.factor");
    assert_int_equal(factor->dims[1], dn_triangle(256));
    assert_int_equal(factor->raw_data.len, (size_t)factor->dims[0] * dn_triangle(256) * 4);
    assert_int_equal(count_nodes(graph, "Scan", NULL, 0), 1);
    assert_int_equal(count_nodes(graph, "Slice", NULL, 0), 1);
    assert_int_equal(count_nodes(graph, "AveragePool", NULL, 0), 1);
    onnx__model_proto__free_unpacked(message, NULL);
    message = export_places("combined", 2, 1);
    assert_int_equal(count_nodes(message->graph, "Scan", NULL, 0), 0);
    onnx__model_proto__free_unpacked(message, NULL);
}

/* f16 would lose the factors of places that hardly vary. */
static void test_places_stay_exact_in_half(void **state) {
    (void)state;
    dn_error error = {0};
    dn_detector detector;
    score = "combined";
    make_model(2);
    score = NULL;
    assert_fails(dn_interchange_export_pytorch(model_path, 0, onnx_path, &error),
                 DN_ERROR_UNSUPPORTED, "a part of places");
    assert_ok(dn_interchange_export_safetensors(model_path, 1, onnx_path, &error));
    assert_ok(dn_detector_load(onnx_path, NULL, &detector, &error));
    assert_int_equal(detector.places.gaussians.pictures, 10);
    dn_detector_close(&detector);
}

/* No view takes a pixel from outside; a graph that does not turn images itself cannot promise that.
 */
static void test_region_of_interest(void **state) {
    (void)state;
    enum { PIXELS = 64 * 96, VIEWS = 3 };
    static uint8_t inside[PIXELS];
    static int32_t maps[VIEWS * PIXELS];
    dn_error error = {0};
    size_t seen = 0;
    for (int i = 0; i < PIXELS; i++)
        inside[i] = i % 96 < 40;
    make_model_of(NAN, &(dn_roi){.inside = inside});
    Onnx__ModelProto *message = export_and_read(0, VIEWS);
    const Onnx__TensorProto *tensor = constant(message->graph, "rotation_maps");
    assert_int_equal(tensor->raw_data.len, sizeof maps);
    memcpy(maps, tensor->raw_data.data, sizeof maps);
    for (int i = 0; i < VIEWS * PIXELS; i++) {
        assert_in_range(maps[i], 0, PIXELS);
        assert_true(maps[i] == 0 || inside[maps[i] - 1]);
        seen += maps[i] != 0;
    }
    assert_in_range(seen, 64 * 40, VIEWS * 64 * 40); /* upright: all of it */
    onnx__model_proto__free_unpacked(message, NULL);
    assert_fails(dn_interchange_export_onnx(model_path, 0, 1, onnx_path, &error),
                 DN_ERROR_UNSUPPORTED, "--rotations N");
    assert_fails(dn_interchange_export_pytorch(model_path, 0, onnx_path, &error),
                 DN_ERROR_UNSUPPORTED, "region of interest");
}

static void test_no_file_where_none_can_be(void **state) {
    (void)state;
    dn_error error = {0};
    make_model(NAN);
    assert_fails(dn_interchange_export_onnx(model_path, 0, 1, "/nowhere/x.onnx", &error),
                 DN_ERROR_IO, "/nowhere/x.onnx");
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/differnet_onnx_XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
    snprintf(onnx_path, sizeof onnx_path, "%s/model.onnx", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(model_path);
    unlink(onnx_path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_graph_of_another_network),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_a_calibrated_model),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_places_take_one_pass),
        cmocka_unit_test(test_places_stay_exact_in_half),
        cmocka_unit_test(test_region_of_interest),
        cmocka_unit_test(test_no_file_where_none_can_be),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
