/* Applies a caller's dn_model_options. */
#include "base/parallel.h"
#include "inspect/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static dn_status check_share(const char *name, double share, double least, dn_error *error) {
    if (share >= least && share < 1)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "%s %g: expected a share below 1", name, share);
}

static dn_status request_for(const dn_model_options *options, dn_threshold_request *request,
                             dn_error *error) {
    if (options->threshold_rule)
        request->rule = dn_threshold_rule_of(options->threshold_rule);
    if (options->false_reject_rate != 0) {
        request->false_reject_rate = options->false_reject_rate;
        if (!options->threshold_rule)
            request->rule = DN_RULE_CONFORMAL;
    }
    if (options->review_rate != 0)
        request->review_rate = fmax(options->review_rate, 0);
    if (options->low_rate != 0)
        request->low_rate = fmax(options->low_rate, 0);
    if (options->target_tpr != 0)
        request->target_tpr = options->target_tpr;
    if (options->threshold != 0) {
        request->rule = DN_RULE_MANUAL;
        request->manual = options->threshold;
    }
    if (request->rule == DN_THRESHOLD_RULES)
        return dn_fail(error, DN_ERROR_ARGUMENT, "threshold rule \"%.40s\" is unknown",
                       options->threshold_rule);
    DN_TRY(check_share("false_reject_rate", request->false_reject_rate, 0, error));
    if (request->low_rate >= 0.5)
        return dn_fail(error, DN_ERROR_ARGUMENT, "low_rate %g: expected a share below 0.5",
                       request->low_rate);
    return check_share("review_rate", request->review_rate, 0, error);
}

dn_status dn_apply_threshold_options(const dn_model_options *options, dn_calibration *calibration,
                                     dn_error *error) {
    dn_threshold_request request = calibration->request;
    if (!options ||
        (!options->threshold_rule && options->false_reject_rate == 0 && options->review_rate == 0 &&
         options->target_tpr == 0 && options->threshold == 0 && options->low_rate == 0))
        return DN_OK;
    DN_TRY(request_for(options, &request, error));
    return dn_calibration_choose(calibration, &request, error);
}

static dn_status apply_early_exit(dn_model *model, const dn_model_options *options,
                                  dn_error *error) {
    const dn_calibration *calibration = &model->detector.calibration;
    if (!options || options->early_exit == 0)
        return DN_OK;
    if (!dn_calibration_judges(calibration))
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "early exit needs a threshold, and the model has none: calibrate it, or "
                       "give a threshold");
    const double cuts[DN_EARLY_CUTS] = {calibration->threshold, calibration->review_threshold,
                                        calibration->low_threshold};
    return dn_early_exit_create(options->early_exit, model->options.rotations,
                                dn_reduction_of(model->detector.config->rotation_reduction), cuts,
                                &model->early_exit, error);
}

/* By default as many calls as there are processors for their threads: more would only share the
 * processors, and each takes the memory of an inspector. */
static int choose_concurrency(const dn_model_options *options) {
    int threads = options ? options->threads : 0;
    if (options && options->concurrency > 0)
        return options->concurrency;
    return threads > 0 && threads < dn_processor_count() ? dn_processor_count() / threads : 1;
}

/* What makes verdicts doubtful with these rotations. */
static void note_doubts(dn_model *model) {
    const dn_calibration *calibration = &model->detector.calibration;
    int rotations = model->options.rotations;
    if (dn_config_misses_angles(model->detector.config, rotations, model->warning))
        return;
    model->warning[0] = '\0';
    if (calibration->rotations > 0 && calibration->rotations != rotations)
        snprintf(model->warning, sizeof model->warning,
                 "the thresholds were set with n_transforms_test %d, these scores use %d: use "
                 "--rotations %d, or calibrate with --rotations %d",
                 calibration->rotations, rotations, calibration->rotations, rotations);
}

static dn_status apply_settings(dn_model *model, const dn_model_options *options, dn_error *error) {
    const char *device = options && options->device ? options->device : "auto";
    const char *compute = options && options->compute ? options->compute : "auto";
    if (strcmp(device, "auto") != 0 && strcmp(device, "cpu") != 0)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "device \"%.40s\": this build computes on \"cpu\" (or \"auto\") only",
                       device);
    snprintf(model->options.compute, sizeof model->options.compute, "%s", compute);
    model->options.threads = options ? options->threads : 0;
    model->options.rotations = dn_test_rotations(model->detector.config);
    model->maps = options && options->maps;
    model->warns_of_unlike = options && options->unlike;
    model->concurrency = choose_concurrency(options);
    if (options && (options->rotations < 0 || options->threads < 0 || options->concurrency < 0))
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "rotations %d, threads %d and concurrency %d must not be negative",
                       options->rotations, options->threads, options->concurrency);
    if (options && options->rotations > 0)
        model->options.rotations = options->rotations;
    note_doubts(model);
    return DN_OK;
}

static dn_status set_text(dn_config *config, const char *key, const char *text, dn_error *error) {
    return text ? dn_config_set_text(config, key, text, error) : DN_OK;
}

/* What people are shown. */
static dn_status apply_looks(dn_config *config, const dn_model_options *options, dn_error *error) {
    if (!options)
        return DN_OK;
    const char *footer = options->overlay_footer > 0 ? "true" : "false";
    DN_TRY(set_text(config, "overlay_footer", options->overlay_footer ? footer : NULL, error));
    DN_TRY(set_text(config, "report_title", options->report_title, error));
    return set_text(config, "report_note", options->report_note, error);
}

/* NULL and "auto": as the model was trained. */
static dn_status choose_precision(dn_model *model, const dn_model_options *options,
                                  dn_error *error) {
    const char *word = options && options->precision ? options->precision : "auto";
    int is_auto = strcmp(word, "auto") == 0;
    model->options.precision = is_auto ? model->detector.precision : dn_precision_of(word);
    if (model->options.precision < DN_PRECISIONS)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT,
                   "precision \"%.40s\" is unknown (expected: auto, f32, bf16, int8)", word);
}

dn_status dn_apply_options(dn_model *model, const dn_model_options *options, dn_error *error) {
    DN_TRY(apply_settings(model, options, error));
    DN_TRY(apply_looks(model->detector.config, options, error));
    DN_TRY(dn_apply_threshold_options(options, &model->detector.calibration, error));
    DN_TRY(apply_early_exit(model, options, error));
    return choose_precision(model, options, error);
}
