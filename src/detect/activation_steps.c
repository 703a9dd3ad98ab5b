#include "detect/activation_steps.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/number.h"
#include "detect/extractor.h"

#include <cJSON.h>
#include <math.h>

enum { STEPS = DN_BACKBONE_CONVOLUTIONS - 1 };

/* ---- finding them ---- */

static void draw_views(const dn_config *config, const dn_image *images, size_t count,
                       dn_narrow *narrow) {
    size_t size = (size_t)config->img_size[0] * (size_t)config->img_size[1] * 3;
    for (size_t i = 0; i < DN_STEP_VIEWS; i++) {
        double degrees = config->transf_rotations ? (double)i * 360.0 / DN_STEP_VIEWS : 0;
        dn_image view = {.width = config->img_size[1],
                         .height = config->img_size[0],
                         .pixels = dn_narrow_pixels(narrow) + i * size};
        dn_image_rotate(&images[i % count], degrees, &view);
    }
}

static dn_status observe(const dn_config *config, const dn_image *images, size_t count,
                         dn_narrow *narrow, dn_backbone_steps *steps, dn_error *error) {
    float *features;
    size_t values = (size_t)DN_STEP_VIEWS * DN_BACKBONE_CHANNELS * (size_t)config->n_scales;
    DN_TRY(dn_allocate_floats(&features, values, error));
    draw_views(config, images, count, narrow);
    dn_status status = dn_narrow_forward(narrow, features, NULL, DN_STEP_VIEWS, error);
    if (status == DN_OK)
        dn_narrow_steps(narrow, steps);
    dn_release(features);
    return status;
}

dn_status dn_activation_steps_of(const dn_compute *compute, const dn_config *config,
                                 const dn_image *images, size_t count, dn_backbone_weights *weights,
                                 dn_error *error) {
    const dn_backbone_shape shape = {config->img_size[0], config->img_size[1], config->n_scales,
                                     DN_STEP_VIEWS};
    dn_narrow_options options = dn_narrow_options_of(config, DN_ELEMENT_F32);
    dn_narrow *narrow;
    options.observes = 1;
    weights->steps = (dn_backbone_steps){0};
    if (dn_narrow_check(&options, NULL) != DN_OK)
        return DN_OK;
    DN_TRY(dn_narrow_create(compute, weights, &shape, &options, &narrow, error));
    dn_status status = observe(config, images, count, narrow, &weights->steps, error);
    dn_narrow_destroy(narrow);
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

dn_status dn_activation_steps_to_json(const dn_backbone_steps *steps, int scales, char **json,
                                      dn_error *error) {
    dn_text text = {0};
    char number[DN_NUMBER_SIZE];
    dn_text_append(&text, "[");
    for (int s = 0; s < scales; s++)
        for (int i = 0; i < STEPS; i++) {
            dn_number_print(number, (double)steps->step[s][i]);
            dn_text_append(&text, "%s%s%s",
                           i   ? ", "
                           : s ? "], ["
                               : "[",
                           number, s == scales - 1 && i == STEPS - 1 ? "]" : "");
        }
    dn_text_append(&text, "]");
    return dn_text_take(&text, json, error);
}

static int read_scale(const cJSON *item, float step[STEPS]) {
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != STEPS)
        return 0;
    for (int i = 0; i < STEPS; i++) {
        const cJSON *number = cJSON_GetArrayItem(item, i);
        step[i] = cJSON_IsNumber(number) ? (float)number->valuedouble : 0;
        if (!(step[i] > 0) || !isfinite(step[i]))
            return 0;
    }
    return 1;
}

static int read_scales(const cJSON *root, int scales, dn_backbone_steps *steps) {
    if (!cJSON_IsArray(root) || cJSON_GetArraySize(root) != scales)
        return 0;
    for (int s = 0; s < scales; s++)
        if (!read_scale(cJSON_GetArrayItem(root, s), steps->step[s]))
            return 0;
    return 1;
}

dn_status dn_activation_steps_parse(const char *name, const char *json, int scales,
                                    dn_backbone_steps *steps, dn_error *error) {
    cJSON *root = cJSON_Parse(json);
    const char *excuse = root ? "" : ", or memory ran out"; /* cJSON does not say which */
    *steps = (dn_backbone_steps){0};
    steps->known = read_scales(root, scales, steps);
    cJSON_Delete(root);
    if (steps->known)
        return DN_OK;
    *steps = (dn_backbone_steps){0};
    return dn_fail(error, DN_ERROR_FORMAT, "%s: expected %d lists of %d numbers above 0%s", name,
                   scales, STEPS, excuse);
}
