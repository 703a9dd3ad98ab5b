#include "detect/features/levels.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "config/number.h"
#include "image/formats/kind.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const source_names[] = {"none", "given", "file", "found"};

static dn_sample_range given_range(const dn_config *config) {
    dn_sample_range range = {0};
    dn_config_levels(config, &range.black, &range.white);
    return range;
}

dn_levels dn_levels_of(const dn_config *config) {
    dn_sample_range range = given_range(config);
    return (dn_levels){dn_range_is_known(range) ? DN_LEVELS_SET : DN_LEVELS_WHOLE, range};
}

void dn_levels_print(dn_sample_range range, char text[64]) {
    char black[DN_NUMBER_SIZE], white[DN_NUMBER_SIZE];
    dn_number_print(black, range.black);
    dn_number_print(white, range.white);
    snprintf(text, 64, "%s:%s", black, white);
}

/* ---- Training ---------------------------------------------------------------------------------
 */

static void tell_levels(const dn_levels_survey *survey, const dn_observer *observer) {
    static const char *const origins[] = {"", "given", "as the files say",
                                          "found on the training pictures"};
    char levels[64];
    if (survey->deep == 0)
        return;
    dn_levels_print(survey->range, levels);
    dn_tell(observer, DN_NOTE,
            "%zu training pictures are deeper than 8 bits (samples from %g to %g): levels %s, %s",
            survey->deep, survey->lowest, survey->highest, levels, origins[survey->source]);
    if (survey->shallow > 0)
        dn_tell(observer, DN_WARNING,
                "the training pictures mix depths: %zu of 8 bits, which levels do not touch, and "
                "%zu deeper ones; save all of them in one depth",
                survey->shallow, survey->deep);
}

static dn_status survey_samples(const dn_sample *samples, size_t count,
                                const dn_sample_range *given, int threads, dn_levels_survey *survey,
                                dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count, sizeof(char *), error));
    const char **paths = block;
    for (size_t i = 0; i < count; i++)
        paths[i] = samples[i].path;
    dn_status status = dn_levels_find(paths, count, given, threads, survey, error);
    dn_release(block);
    return status;
}

/* Levels that would be found anyway count as found: a training from the config.yaml of another, or
 * a resumed one, then gives the same model. */
dn_status dn_levels_resolve(const dn_config *config, const dn_sample *samples, size_t count,
                            int threads, const dn_observer *observer, dn_sample_range *range,
                            dn_trained_levels *trained, dn_error *error) {
    dn_sample_range given = given_range(config);
    dn_levels_survey survey;
    DN_TRY(survey_samples(samples, count, NULL, threads, &survey, error));
    if (dn_range_is_known(given) &&
        (survey.range.black != given.black || survey.range.white != given.white))
        DN_TRY(survey_samples(samples, count, &given, threads, &survey, error));
    *range = survey.range;
    *trained = (dn_trained_levels){survey.source, survey.outside, survey.shallow > 0};
    tell_levels(&survey, observer);
    return DN_OK;
}

/* ---- Metadata ---------------------------------------------------------------------------------
 */

dn_status dn_trained_levels_to_json(const dn_trained_levels *trained, char **json,
                                    dn_error *error) {
    dn_text text = {0};
    char outside[DN_NUMBER_SIZE];
    dn_number_print(outside, trained->outside);
    dn_text_append(&text, "{\"source\":\"%s\",\"outside\":%s,\"mixed\":%s}",
                   source_names[trained->source], outside, trained->is_mixed ? "true" : "false");
    return dn_text_take(&text, json, error);
}

static int read_members(const cJSON *root, dn_trained_levels *trained) {
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(root, "source");
    const cJSON *outside = cJSON_GetObjectItemCaseSensitive(root, "outside");
    int known = DN_LEVELS_FOUND;
    if (!cJSON_IsString(source) || !cJSON_IsNumber(outside) || !(outside->valuedouble >= 0) ||
        !(outside->valuedouble <= 1))
        return 0;
    while (known > DN_LEVELS_NONE && strcmp(source_names[known], source->valuestring) != 0)
        known--;
    *trained = (dn_trained_levels){
        .source = (dn_levels_source)known,
        .outside = outside->valuedouble,
        .is_mixed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "mixed")),
    };
    return known > DN_LEVELS_NONE;
}

dn_status dn_trained_levels_parse(const char *name, const char *json, dn_trained_levels *trained,
                                  dn_error *error) {
    cJSON *root = cJSON_Parse(json);
    int is_right = read_members(root, trained);
    cJSON_Delete(root);
    if (is_right)
        return DN_OK;
    return dn_fail(
        error, DN_ERROR_FORMAT,
        "%s: expected \"source\": \"given\", \"file\" or \"found\" and \"outside\": 0 to 1", name);
}

/* ---- Later pictures ---------------------------------------------------------------------------
 */

/* With as many samples again outside as in training, something has changed. */
static int is_outside(const dn_trained_levels *trained, const dn_depth *depth) {
    return depth->outside > 2 * trained->outside;
}

int dn_depth_is_odd(const dn_config *config, const dn_trained_levels *trained,
                    const dn_depth *depth, char text[DN_DEPTH_WARNING_SIZE]) {
    char levels[64], used[64];
    dn_sample_range range = {depth->black, depth->white};
    int is_trained = trained->source != DN_LEVELS_NONE;
    if (depth->bits == 0)
        return 0;
    if (!depth->is_mapped) {
        if (!is_trained || trained->is_mixed)
            return 0;
        dn_levels_print(given_range(config), levels);
        snprintf(text, DN_DEPTH_WARNING_SIZE,
                 "it has 8 bits a sample, but the model was trained on deeper pictures with levels "
                 "%s: its brightness may not be theirs",
                 levels);
        return 1;
    }
    dn_levels_print(range, levels);
    dn_levels_print((dn_sample_range){depth->lowest, depth->highest}, used);
    if (!is_trained) {
        snprintf(text, DN_DEPTH_WARNING_SIZE,
                 "it has %d bits a sample (used: %s), but the model was trained on pictures of 8 "
                 "bits and knows no levels: %s are black and white",
                 depth->bits, used, levels);
        return 1;
    }
    if (!is_outside(trained, depth))
        return 0;
    snprintf(text, DN_DEPTH_WARNING_SIZE,
             "%.3g %% of its samples lie outside the model's levels %s (used: %s); in training at "
             "most %.3g %% of a picture did",
             100 * depth->outside, levels, used, 100 * trained->outside);
    return 1;
}

typedef struct depth_review {
    const dn_config *config;
    const dn_trained_levels *trained;
    const dn_sample *samples;
    char (*warnings)[DN_DEPTH_WARNING_SIZE];
} depth_review;

static void review_range(void *context, size_t begin, size_t end) {
    const depth_review *self = context;
    dn_levels levels = dn_levels_of(self->config);
    for (size_t i = begin; i < end; i++) {
        dn_image image = {.depth.bits = 8};
        if (dn_file_may_be_deep(self->samples[i].path) &&
            dn_image_read(self->samples[i].path, &levels, &image, NULL) != DN_OK)
            continue;
        if (!dn_depth_is_odd(self->config, self->trained, &image.depth, self->warnings[i]))
            self->warnings[i][0] = '\0';
        dn_image_free(&image);
    }
}

void dn_depth_report(const dn_config *config, const dn_trained_levels *trained,
                     const dn_sample *samples, size_t count, int threads,
                     const dn_observer *observer) {
    void *block;
    size_t odd = 0, first = 0;
    if (dn_allocate(&block, count, DN_DEPTH_WARNING_SIZE, NULL) != DN_OK) {
        dn_tell(observer, DN_WARNING, "the depths of the pictures were not checked: out of memory");
        return;
    }
    depth_review review = {config, trained, samples, block};
    dn_parallel_for(threads, count, 1, review_range, &review);
    for (size_t i = 0; i < count; i++)
        if (review.warnings[i][0] && odd++ == 0)
            first = i;
    if (odd > 0)
        dn_tell(observer, DN_WARNING, "%zu of %zu pictures: %s: %s", odd, count,
                samples[first].path, review.warnings[first]);
    dn_release(block);
}
