#include "detect/activation_steps.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/number.h"
#include "detect/features/extractor.h"

#include <cJSON.h>
#include <math.h>

/* ---- finding them ---- */

static void draw_views(const dn_config *config, const dn_image *images, size_t count,
                       dn_backbone *backbone) {
    size_t size = (size_t)config->img_size[0] * (size_t)config->img_size[1] * 3;
    for (size_t i = 0; i < DN_STEP_VIEWS; i++) {
        double degrees = config->transf_rotations ? (double)i * 360.0 / DN_STEP_VIEWS : 0;
        dn_image view = {.width = config->img_size[1],
                         .height = config->img_size[0],
                         .pixels = dn_backbone_input_pixels(backbone) + i * size};
        dn_image_rotate(&images[i % count], degrees, &view);
    }
}

static dn_status observe(const dn_config *config, const dn_network *network, const dn_image *images,
                         size_t count, dn_backbone *backbone, dn_backbone_steps *steps,
                         dn_error *error) {
    float *features;
    size_t values = (size_t)dn_network_features(network) * (size_t)config->n_scales;
    DN_TRY(dn_allocate_floats(&features, DN_STEP_VIEWS * values, error));
    draw_views(config, images, count, backbone);
    dn_status status = dn_backbone_forward(backbone, features, NULL, DN_STEP_VIEWS, error);
    if (status == DN_OK)
        dn_backbone_find_steps(backbone, steps);
    dn_release(features);
    return status;
}

dn_status dn_activation_steps_of(const dn_compute *compute, const dn_config *config,
                                 const dn_image *images, size_t count, dn_backbone_weights *weights,
                                 dn_error *error) {
    const dn_backbone_shape shape =
        dn_backbone_shape_of(config, weights->network, DN_STEP_VIEWS, compute->threads);
    dn_backbone_pixels pixels = dn_backbone_pixels_of(config, DN_ELEMENT_F32);
    dn_backbone *backbone;
    pixels.observes = 1;
    weights->steps = (dn_backbone_steps){0};
    if (dn_backbone_check_pixels(&pixels, NULL) != DN_OK)
        return DN_OK;
    DN_TRY(dn_backbone_create(compute, weights, &shape, &pixels, &backbone, error));
    dn_status status =
        observe(config, weights->network, images, count, backbone, &weights->steps, error);
    dn_backbone_destroy(backbone);
    return status;
}

dn_status dn_activation_steps_find(const dn_compute *compute, const dn_config *config,
                                   const dn_roi *roi, const dn_sample *samples, size_t count,
                                   dn_backbone_weights *weights, dn_error *error) {
    dn_image images[DN_STEP_VIEWS] = {{0}};
    size_t taken;
    dn_status status =
        dn_pictures_read(config, roi, samples, count, DN_STEP_VIEWS, images, &taken, error);
    if (status == DN_OK && taken > 0)
        status = dn_activation_steps_of(compute, config, images, taken, weights, error);
    for (size_t i = 0; i < taken; i++)
        dn_image_free(&images[i]);
    return status;
}

/* ---- in a model file ---- */

/* Whether int8 rounds the value of step i. */
static int is_rounded(const dn_network *network, int i) {
    return network->steps[i].kind == DN_STEP_CONVOLUTION && dn_network_is_narrow(network, i);
}

static void write_scale(const dn_network *network, const float *step, dn_text *text) {
    char number[DN_NUMBER_SIZE];
    const char *separator = "[";
    for (int i = 0; i < network->step_count; i++) {
        if (!is_rounded(network, i))
            continue;
        dn_number_print(number, (double)step[i]);
        dn_text_append(text, "%s%s", separator, number);
        separator = ", ";
    }
    dn_text_append(text, "]");
}

dn_status dn_activation_steps_to_json(const dn_backbone_steps *steps, const dn_network *network,
                                      int scales, char **json, dn_error *error) {
    dn_text text = {0};
    for (int s = 0; s < scales; s++) {
        dn_text_append(&text, "%s", s == 0 ? "[" : ", ");
        write_scale(network, steps->step[s], &text);
    }
    dn_text_append(&text, "]");
    return dn_text_take(&text, json, error);
}

static int rounded_count(const dn_network *network) {
    int count = 0;
    for (int i = 0; i < network->step_count; i++)
        count += is_rounded(network, i);
    return count;
}

static int read_scale(const cJSON *item, const dn_network *network, float *step) {
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != rounded_count(network))
        return 0;
    const cJSON *number = item->child;
    for (int i = 0; i < network->step_count; i++) {
        if (!is_rounded(network, i))
            continue;
        step[i] = cJSON_IsNumber(number) ? (float)number->valuedouble : 0;
        if (!(step[i] > 0) || !isfinite(step[i]))
            return 0;
        number = number->next;
    }
    return 1;
}

static int read_scales(const cJSON *root, const dn_network *network, int scales,
                       dn_backbone_steps *steps) {
    if (!cJSON_IsArray(root) || cJSON_GetArraySize(root) != scales)
        return 0;
    for (int s = 0; s < scales; s++)
        if (!read_scale(cJSON_GetArrayItem(root, s), network, steps->step[s]))
            return 0;
    return 1;
}

dn_status dn_activation_steps_parse(const char *name, const char *json, const dn_network *network,
                                    int scales, dn_backbone_steps *steps, dn_error *error) {
    cJSON *root = cJSON_Parse(json);
    const char *excuse = root ? "" : ", or memory ran out"; /* cJSON does not tell the two apart */
    *steps = (dn_backbone_steps){0};
    steps->known = read_scales(root, network, scales, steps);
    cJSON_Delete(root);
    if (steps->known)
        return DN_OK;
    *steps = (dn_backbone_steps){0};
    return dn_fail(error, DN_ERROR_FORMAT, "%s: expected %d lists of %d numbers above 0%s", name,
                   scales, rounded_count(network), excuse);
}
