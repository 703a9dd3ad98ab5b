/* dn_keep_features: the features that a training keeps, without a training. */
#include "api/parts/features_in_parts.h"
#include "api/training.h"
#include "base/structs.h"
#include "group/group.h"

/* Features to keep, and how processes share that work. */
typedef struct feature_order {
    dn_part *part; /* NULL, as the others: this process keeps all of them */
    dn_part_sink *sink;
    void *user;
    const dn_parts *parts;
} feature_order;

/* Pictures that are evaluated, and those that are held out, which are scored as they are. */
static void list_evaluated(const dn_training *self, dn_feature_source *source,
                           dn_feature_work *work) {
    const dn_split splits[] = {DN_SPLIT_VALIDATE, DN_SPLIT_TEST};
    const dn_training_split *held = &self->holdout.held_out;
    for (int i = 0; i < 2; i++)
        work->ranges[work->range_count++] = (dn_feature_range){
            source, dn_training_samples(self, splits[i]), dn_training_count(self, splits[i]), 1};
    if (self->holdout.source == DN_FROM_VAL_FRACTION)
        work->ranges[work->range_count++] =
            (dn_feature_range){source, held->samples + held->train_count, held->held_count, 1};
    if (self->holdout.source == DN_FROM_CROSS_FIT)
        work->ranges[work->range_count++] =
            (dn_feature_range){source, dn_training_samples(self, DN_SPLIT_TRAIN),
                               dn_training_count(self, DN_SPLIT_TRAIN), 0};
}

static dn_status keep_listed(const dn_training *self, const feature_order *order,
                             dn_feature_work *work, dn_error *error) {
    if (order->parts)
        return dn_features_take(work, order->parts, error);
    work->share = order->part ? dn_part_share(order->part) : dn_group_share(self->config->group);
    return dn_features_compute(work, order->part, order->sink, order->user, error);
}

static dn_status keep_evaluated(const dn_training *self, const feature_order *order,
                                dn_extractor *extractor, dn_feature_source *trained,
                                dn_error *error) {
    const dn_feature_origin origin = {&self->compute, &self->detector.backbone};
    dn_feature_source evaluated;
    dn_feature_work work = {.observer = &self->observer};
    DN_TRY(dn_feature_source_create(extractor, self->config, &origin, DN_VIEWS_EVEN,
                                    dn_test_rotations(self->config), &self->observer, &evaluated,
                                    error));
    list_evaluated(self, &evaluated, &work);
    if (trained) {
        dn_feature_range *range = &work.ranges[work.range_count++];
        *range = (dn_feature_range){.source = trained};
        range->samples = dn_holdout_train_samples(&self->holdout, &range->count);
    }
    dn_status status = keep_listed(self, order, &work, error);
    dn_feature_source_destroy(&evaluated);
    return status;
}

static dn_status keep_all(const dn_training *self, const feature_order *order,
                          dn_extractor *extractor, dn_error *error) {
    const dn_feature_origin origin = {&self->compute, &self->detector.backbone};
    const dn_config *config = self->config;
    dn_feature_source trained;
    if (dn_config_bank(config) == 0)
        return keep_evaluated(self, order, extractor, NULL, error);
    dn_views_kind kind = dn_config_trains_evenly(config) ? DN_VIEWS_EVEN : DN_VIEWS_SPREAD;
    DN_TRY(dn_feature_source_create(extractor, config, &origin, kind, dn_config_bank(config),
                                    &self->observer, &trained, error));
    dn_status status = keep_evaluated(self, order, extractor, &trained, error);
    dn_feature_source_destroy(&trained);
    return status;
}

static dn_status keep_features(const dn_training *self, const feature_order *order,
                               dn_error *error) {
    dn_extractor *extractor;
    DN_TRY(dn_extractor_create(&self->compute, self->config, &self->detector.backbone,
                               &self->detector.roi, &extractor, error));
    dn_status status = keep_all(self, order, extractor, error);
    dn_extractor_destroy(extractor);
    return status;
}

static dn_status run_features(const dn_config *config, const feature_order *order,
                              const dn_observer *observer, dn_error *error) {
    dn_training *self;
    dn_observer observed;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_training_begin(config, &observed, &self, error));
    dn_status status = dn_training_open(self, error);
    if (status == DN_OK)
        status = keep_features(self, order, error);
    status = dn_group_finish(config->group, status, error);
    dn_training_end(self);
    return status;
}

dn_status dn_keep_features(const dn_config *config, const dn_observer *observer, dn_error *error) {
    return run_features(config, &(feature_order){0}, observer, error);
}

dn_status dn_keep_features_part(const dn_config *config, dn_part *part, dn_part_sink *sink,
                                void *user, const dn_observer *observer, dn_error *error) {
    return run_features(config, &(feature_order){part, sink, user, NULL}, observer, error);
}

dn_status dn_keep_features_parts(const dn_config *config, const dn_parts *parts,
                                 const dn_observer *observer, dn_error *error) {
    return run_features(config, &(feature_order){.parts = parts}, observer, error);
}
