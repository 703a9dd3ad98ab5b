/* Import and export against a state_dict with the original's names, written by ourselves; PyTorch's
 * own files go through the same reader in test_tensors_readers, and end to end in
 * tools/interchange.py. */
#include "interchange/interchange.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 2, INTERNAL = 4, NAMES = 80 };

static char folder[64], weights_path[128], model_path[128], other_path[128];

/* A DifferNet of one scale in tensors of one value each. */
typedef struct network {
    dn_tensor tensors[NAMES];
    char names[NAMES][64];
    size_t count;
    dn_backbone_weights backbone;
    float *flow;
} network;

static void must(dn_status status, const dn_error *error) {
    if (status != DN_OK)
        fail_msg("%s", error->message);
}

static dn_tensor *add(network *self, const char *prefix, const char *name, dn_tensor tensor) {
    snprintf(self->names[self->count], sizeof self->names[0], "%s%s", prefix, name);
    tensor.name = self->names[self->count];
    tensor.bytes = dn_tensor_elements(&tensor) * dn_dtype_size(tensor.dtype);
    self->tensors[self->count] = tensor;
    return &self->tensors[self->count++];
}

static void build(network *self, const char *prefix) {
    dn_error error = {0};
    dn_flow_shape shape = {.features = 256, .blocks = BLOCKS, .internal = INTERNAL};
    *self = (network){0};
    self->flow = malloc(dn_flow_parameter_count(&shape) * sizeof(float));
    for (size_t i = 0; i < dn_flow_parameter_count(&shape); i++)
        self->flow[i] = (float)(i % 977) * 0x1p-12f - 0.1f;
    for (size_t i = 0; i < dn_flow_tensor_count(&shape); i++) {
        dn_flow_tensor source;
        dn_flow_tensor_at(&shape, i, &source);
        add(self, prefix, source.name,
            (dn_tensor){.rank = source.rank,
                        .shape = {source.shape[0], source.shape[1]},
                        .data = self->flow + source.offset});
    }
    add(self, prefix, "nf.module_list.2.s1.bn.running_mean",
        (dn_tensor){.rank = 1, .shape = {128}});
    add(self, prefix, "feature_extractor.classifier.1.bias", (dn_tensor){.rank = 1, .shape = {7}});
    must(dn_backbone_weights_random(&dn_alexnet, &self->backbone, &error), &error);
    for (size_t i = 0; i < dn_backbone_tensor_count(&dn_alexnet); i++) {
        char name[64];
        dn_tensor tensor;
        dn_backbone_tensor_at(&self->backbone, i, "feature_extractor.", name, &tensor);
        add(self, prefix, name, tensor);
    }
}

static void clear(network *self) {
    free(self->flow);
    dn_backbone_weights_free(&self->backbone);
}

static dn_status import_file(const char *path, const char *key, const char *value,
                             dn_error *error) {
    dn_config *config;
    must(dn_config_create(&config, error), error);
    must(dn_config_set(config, "img_size", "[64, 64]", error), error);
    if (key)
        must(dn_config_set(config, key, value, error), error);
    dn_status status = dn_interchange_import(path, config, model_path, NULL, error);
    dn_config_destroy(config);
    return status;
}

static dn_status import_network(const network *self, dn_dtype floats, const char *key,
                                const char *value, dn_error *error) {
    must(dn_pytorch_write(weights_path, floats, self->tensors, self->count, error), error);
    return import_file(weights_path, key, value, error);
}

static void compare_parameters(const network *self, const dn_detector *detector, float tolerance) {
    size_t count = dn_flow_parameter_count(&detector->flow);
    for (size_t i = 0; i < count; i++)
        assert_true(detector->parameters[i] - self->flow[i] <= tolerance &&
                    self->flow[i] - detector->parameters[i] <= tolerance);
}

static void import_and_compare(const char *prefix, dn_dtype floats, float tolerance) {
    dn_error error = {0};
    network net;
    dn_detector detector;
    build(&net, prefix);
    must(import_network(&net, floats, "clamp_alpha", "1.5", &error), &error);
    must(dn_detector_load(model_path, NULL, &detector, &error), &error);
    assert_int_equal(detector.config->n_scales, 1);
    assert_int_equal(detector.config->n_coupling_blocks, BLOCKS);
    assert_int_equal(detector.config->fc_internal, INTERNAL);
    assert_float_equal(detector.config->clamp_alpha, 1.5, 0);
    assert_null(detector.owned); /* mapped in place: written as our own models are */
    compare_parameters(&net, &detector, tolerance);
    if (floats != DN_F16)
        assert_string_equal(detector.backbone.digest, net.backbone.digest);
    char digest[DN_DIGEST_LENGTH + 1];
    dn_digest_bytes(detector.parameters, dn_flow_parameter_count(&detector.flow) * sizeof(float),
                    digest);
    assert_string_equal(digest, dn_tensor_file_metadata(detector.file, DN_META_FLOW_SHA256));
    dn_detector_close(&detector);
    clear(&net);
}

static void test_import(void **state) {
    (void)state;
    import_and_compare("", DN_F32, 0);
    import_and_compare("module.", DN_F32, 0);
    import_and_compare("", DN_F16, 0x1p-13f);
}

static void refuse(const network *net, const char *key, const char *value, dn_status expected,
                   const char *part) {
    dn_error error = {0};
    unlink(model_path);
    assert_int_equal(import_network(net, DN_F32, key, value, &error), expected);
    if (!strstr(error.message, part))
        fail_msg("\"%s\" is not in \"%s\"", part, error.message);
    assert_int_not_equal(access(model_path, F_OK), 0);
}

static void test_other_networks_are_refused(void **state) {
    (void)state;
    network net;
    build(&net, "");
    refuse(&net, "fc_internal", "512", DN_ERROR_CONFIG, "fc_internal is 512, but");
    refuse(&net, "n_scales", "2", DN_ERROR_CONFIG,
           "n_scales is 2, but the file's tensors make it 1");
    snprintf(net.names[3], sizeof net.names[3], "nf.module_list.2.s1.fc9.bias");
    refuse(&net, NULL, NULL, DN_ERROR_FORMAT, "has no tensor nf.module_list.2.s1.fc2.bias");
    snprintf(net.names[3], sizeof net.names[3], "nf.module_list.2.s1.fc2.bias");
    net.tensors[2].shape[1]--;
    net.tensors[2].bytes -= INTERNAL * sizeof(float);
    refuse(&net, NULL, NULL, DN_ERROR_FORMAT, "fc2.weight has rank 2 and shape [4, 3], expected");
    net.tensors[2].shape[1]++;
    net.tensors[2].bytes += INTERNAL * sizeof(float);
    net.flow[5] = -1.0f / 0.0f;
    refuse(&net, NULL, NULL, DN_ERROR_NUMERIC, "s1.fc1.weight[5] is not a finite number");
    net.flow[5] = -3e6f;
    refuse(&net, NULL, NULL, DN_ERROR_NUMERIC,
           "s1.fc1.weight[5] is not a finite number of at most 1e+06, but -3e+06");
    net.flow[5] = 0;
    add(&net, "", "nf.module_list.2.s3.fc1.weight", (dn_tensor){.rank = 1, .shape = {3}});
    refuse(&net, NULL, NULL, DN_ERROR_FORMAT, "nf.module_list.2.s3.fc1.weight, which no DifferNet");
    net.count--;
    net.count -= dn_backbone_tensor_count(&dn_alexnet);
    refuse(&net, NULL, NULL, DN_ERROR_FORMAT, "feature_extractor.features.0.weight");
    clear(&net);
}

static void test_other_files_are_refused(void **state) {
    (void)state;
    dn_error error = {0};
    const char *whole = DN_FIXTURES "/tensor_files/whole_object.pth";
    assert_int_equal(import_file(whole, NULL, NULL, &error), DN_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "save one with torch.save(model.state_dict(), path)"));
    const char *tiny = DN_FIXTURES "/tensor_files/tiny_zip.pth";
    assert_int_equal(import_file(tiny, NULL, NULL, &error), DN_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "expected the state_dict of a DifferNet"));
}

static void test_export_and_back(void **state) {
    (void)state;
    dn_error error = {0};
    network net;
    dn_detector detector;
    build(&net, "");
    must(import_network(&net, DN_F32, NULL, NULL, &error), &error);
    must(dn_interchange_export_pytorch(model_path, 0, weights_path, &error), &error);
    must(import_file(weights_path, NULL, NULL, &error), &error);
    must(dn_detector_load(model_path, NULL, &detector, &error), &error);
    compare_parameters(&net, &detector, 0);
    assert_string_equal(detector.backbone.digest, net.backbone.digest);
    dn_detector_close(&detector);
    must(dn_interchange_export_safetensors(model_path, 1, other_path, &error), &error);
    must(dn_detector_load(other_path, NULL, &detector, &error), &error);
    compare_parameters(&net, &detector, 0x1p-13f);
    assert_string_equal(detector.backbone.digest,
                        dn_tensor_file_metadata(detector.file, DN_META_BACKBONE_SHA256));
    dn_detector_close(&detector);
    clear(&net);
}

/* The names that the original's load_state_dict insists on. */
static void test_export_is_complete(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *file;
    network net;
    build(&net, "");
    must(import_network(&net, DN_F32, NULL, NULL, &error), &error);
    must(dn_interchange_export_pytorch(model_path, 1, weights_path, &error), &error);
    must(dn_tensor_file_open(weights_path, &file, &error), &error);
    const size_t subnets = 2 * BLOCKS;
    assert_int_equal(dn_tensor_file_count(file), 16 + subnets * (8 + 5));
    const dn_tensor *classifier =
        dn_tensor_file_find(file, "feature_extractor.classifier.1.weight");
    assert_int_equal(classifier->shape[1], 9216);
    const dn_tensor *norm = dn_tensor_file_find(file, "nf.module_list.4.s2.bn.running_var");
    assert_int_equal(norm->shape[0], 128);
    assert_int_equal(((const uint16_t *)norm->data)[127], 0x3c00); /* 1.0 */
    const dn_tensor *count =
        dn_tensor_file_find(file, "nf.module_list.4.s2.bn.num_batches_tracked");
    assert_int_equal(count->dtype, DN_I64);
    assert_int_equal(count->rank, 0);
    dn_tensor_file_close(file);
    clear(&net);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/differnet_import_XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(weights_path, sizeof weights_path, "%s/weights.pth", folder);
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(weights_path);
    unlink(model_path);
    unlink(other_path);
    return rmdir(folder); /* fails when something was left behind */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_other_networks_are_refused),
        cmocka_unit_test(test_other_files_are_refused),
        cmocka_unit_test(test_export_and_back),
        cmocka_unit_test(test_export_is_complete),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
