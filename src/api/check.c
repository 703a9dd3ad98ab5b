#include "check/check.h"

#include "api/estimate/estimate.h"
#include "api/estimate/tile_choice.h"
#include "api/parts/check_share.h"
#include "backbone/embedded.h"
#include "base/memory.h"
#include "base/structs.h"
#include "detect/network_settings.h"
#include "detect/precision.h"
#include "report/check.h"

#include <math.h>
#include <string.h>

typedef struct checking {
    dn_check_work *work;
    const char *class_name;
    dn_observer observer;
    int json;
    char **text;
    size_t *to_fix; /* NULL: not wanted */
} checking;

/* Size of the images: their mean and largest number of pixels. */
static void add_sizes(const dn_checked_class *class, dn_workload *work) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < class->size_count; i++) {
        const dn_check_size *size = &class->sizes[i];
        uint64_t pixels = (uint64_t)size->width * (uint64_t)size->height;
        if (pixels > work->most_pixels) {
            work->most_pixels = pixels;
            work->width = size->width;
            work->height = size->height;
        }
        sum += (double)pixels * (double)size->count;
        count += (double)size->count;
    }
    work->mean_pixels = count > 0 ? (uint64_t)(sum / count) : 0;
}

static dn_workload workload_of(const dn_checked_class *class, const dn_config *config) {
    size_t tested = class->good[DN_SPLIT_TEST] + class->defective[DN_SPLIT_TEST];
    size_t validated = class->good[DN_SPLIT_VALIDATE] + class->defective[DN_SPLIT_VALIDATE];
    double share = class->good[DN_SPLIT_VALIDATE] > 0 ? 0 : config->val_fraction;
    dn_workload work = {
        .train = (size_t)ceil((double)class->good[DN_SPLIT_TRAIN] * (1 - share)),
        .observed = validated > 0 ? validated : tested,
        .tested = validated > 0 ? tested : 0,
    };
    add_sizes(class, &work);
    return work;
}

/* Rows of the step that is measured: those of the largest class. One measurement serves all
 * classes. */
static int rows_of(const dn_check_report *report, const dn_config *config) {
    int most = 1;
    for (size_t i = 0; i < report->count; i++) {
        const dn_workload work = workload_of(&report->classes[i], config);
        int rows = dn_step_rows(config, &work);
        most = rows > most ? rows : most;
    }
    return most;
}

/* A data set that cannot be opened has no tiles; the findings say what is wrong with it. */
static dn_status resolve_tiles(const dn_checked_class *class, const dn_observer *observer,
                               dn_config *config, dn_error *error) {
    dn_dataset dataset;
    dn_error reason;
    if (dn_config_tiles(config) != DN_TILES_AUTO)
        return DN_OK;
    dn_status status =
        dn_dataset_open(config->dataset_path, class->name,
                        1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_TEST, NULL, &dataset, &reason);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", reason.message);
    if (status != DN_OK)
        return dn_config_set(config, "tiles", "off", error);
    status = dn_tile_choice_resolve(config, &dataset, observer, error);
    dn_dataset_close(&dataset);
    return status;
}

/* What `tiles: auto` chooses differs from class to class. */
static dn_status estimate_class(const dn_config *config, const dn_compute *compute,
                                const dn_network *network, const dn_checked_class *class,
                                const dn_machine_speed *speed, const dn_observer *observer,
                                dn_report_estimate *estimate, dn_error *error) {
    dn_config *own;
    const dn_workload work = workload_of(class, config);
    DN_TRY(dn_config_copy(config, &own, error));
    dn_status status = resolve_tiles(class, observer, own, error);
    if (status == DN_OK)
        dn_estimate_fill(own, network, compute, &work, speed, estimate);
    dn_config_destroy(own);
    return status;
}

static dn_status estimate(const dn_config *config, const dn_compute *compute,
                          const dn_backbone_weights *backbone, const dn_check_report *report,
                          const dn_observer *observer, dn_report_estimate *estimates,
                          dn_error *error) {
    dn_machine_speed speed;
    if (config->estimate)
        DN_TRY(dn_speed_measure(config, compute, backbone, rows_of(report, config), &speed, error));
    for (size_t i = 0; i < report->count; i++)
        DN_TRY(estimate_class(config, compute, backbone->network, &report->classes[i],
                              config->estimate ? &speed : NULL, observer, &estimates[i], error));
    return DN_OK;
}

/* Training resolves `auto` with the images. The estimate assumes int8, the fastest. */
static dn_status open_compute(const dn_config *config, const dn_observer *observer,
                              dn_compute *compute, dn_error *error) {
    if (strcmp(config->precision, "auto") == 0)
        return dn_precision_open(config, DN_PRECISION_INT8, NULL, compute, error);
    return dn_precision_open(config, dn_precision_wanted(config), observer, compute, error);
}

static dn_status write_report(const dn_config *config, const dn_backbone_weights *backbone,
                              const dn_check_report *report, const dn_observer *observer, int json,
                              char **text, dn_error *error) {
    dn_compute compute;
    void *estimates;
    DN_TRY(dn_allocate(&estimates, report->count, sizeof(dn_report_estimate), error));
    dn_status status = open_compute(config, observer, &compute, error);
    if (status == DN_OK) {
        status = estimate(config, &compute, backbone, report, observer, estimates, error);
        dn_compute_close(&compute);
    }
    if (status == DN_OK)
        status = dn_report_check(report, estimates, json, text, error);
    dn_release(estimates);
    return status;
}

/* The report is written where somebody reads it. */
static dn_status write_or_not(const checking *self, const dn_config *config,
                              const dn_backbone_weights *backbone, const dn_check_report *report,
                              dn_error *error) {
    if (dn_group_rank(self->work->group) > 0)
        return dn_copy_text(self->text, "", error);
    return self->work->part ? DN_OK
                            : write_report(config, backbone, report, &self->observer, self->json,
                                           self->text, error);
}

static dn_status check_with(const checking *self, const dn_config *config,
                            const dn_backbone_weights *backbone, dn_error *error) {
    dn_check_report report = {0};
    dn_status status = dn_check_work_begin(self->work, error);
    if (status == DN_OK)
        status = dn_check_run(config, self->class_name, &self->work->share, &self->observer,
                              &report, error);
    DN_TRY(dn_check_work_end(self->work, status, error));
    if (self->to_fix)
        *self->to_fix = report.to_fix;
    status = write_or_not(self, config, backbone, &report, error);
    dn_check_free(&report);
    return status;
}

static dn_status check(checking *self, const dn_config *config, const dn_observer *observer,
                       dn_error *error) {
    dn_backbone_weights backbone;
    dn_config *own;
    DN_TRY(dn_struct_read(&dn_struct_observer, &self->observer, observer, error));
    DN_TRY(dn_config_check(config, error));
    DN_TRY(dn_backbone_weights_choose(config->backbone, &backbone, error));
    dn_status status = dn_config_copy(config, &own, error);
    if (status == DN_OK)
        status = dn_network_settings_apply(backbone.network, own, &self->observer, error);
    if (status == DN_OK) {
        dn_angles_warn(own, &self->observer);
        status = check_with(self, own, &backbone, error);
    }
    dn_config_destroy(own);
    dn_backbone_weights_free(&backbone);
    return status;
}

dn_status dn_check(const dn_config *config, const char *class_name, const dn_observer *observer,
                   int json, char **text, size_t *to_fix, dn_error *error) {
    dn_check_work work = {.group = config->group};
    checking self = {
        .work = &work, .class_name = class_name, .json = json, .text = text, .to_fix = to_fix};
    *text = NULL;
    dn_group_begin(config->group);
    return dn_group_finish(config->group, check(&self, config, observer, error), error);
}

dn_status dn_check_part(const dn_config *config, const char *class_name, dn_part *part,
                        const dn_observer *observer, dn_error *error) {
    dn_check_work work = {.part = part};
    checking self = {.work = &work, .class_name = class_name};
    return check(&self, config, observer, error);
}

dn_status dn_check_parts(const dn_config *config, const char *class_name, const dn_parts *parts,
                         const dn_observer *observer, int json, char **text, size_t *to_fix,
                         dn_error *error) {
    dn_check_work work = {.parts = parts};
    checking self = {
        .work = &work, .class_name = class_name, .json = json, .text = text, .to_fix = to_fix};
    *text = NULL;
    return check(&self, config, observer, error);
}
