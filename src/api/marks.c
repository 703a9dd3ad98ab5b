#include "api/marks.h"

#include "api/map.h"
#include "base/memory.h"
#include "base/observer.h"

#include <math.h>

static dn_status prepare_localizer(dn_marking *self, dn_error *error) {
    const dn_detector *detector = self->outcome->detector;
    const dn_scorer *scorer = self->outcome->evaluation->scorer;
    const int *size = detector->config->img_size;
    if (self->localizer)
        return DN_OK;
    DN_TRY(dn_allocate_floats(&self->features,
                              (size_t)scorer->rotations * (size_t)scorer->dimensions, error));
    return dn_localizer_create(self->outcome->compute, scorer, &detector->flow, size[1], size[0],
                               &self->localizer, error);
}

/* Fills in the map of a photograph. */
static dn_status localize(dn_marking *self, const dn_image *photograph, dn_map *map,
                          dn_error *error) {
    const dn_extractor *extractor = self->outcome->evaluation->scorer->extractor;
    dn_image input = {0};
    DN_TRY(prepare_localizer(self, error));
    DN_TRY(dn_extractor_prepare(extractor, photograph, &input, error));
    dn_status status = dn_localizer_run(self->localizer, self->outcome->detector->parameters,
                                        &input, self->features, map->values, error);
    dn_image_free(&input);
    return status == DN_OK ? dn_map_finish(map, error) : status;
}

static dn_status mark(dn_marking *self, dn_image *photograph, dn_report_marks *marks,
                      dn_error *error) {
    dn_map *map;
    DN_TRY(dn_map_create(self->outcome->detector, photograph, &map, error));
    dn_status status = localize(self, photograph, map, error);
    if (status == DN_OK) {
        dn_map_draw_over(map, photograph);
        marks->knows_regions = isfinite(map->threshold);
        marks->region_count = map->region_count;
        for (size_t i = 0; i < map->region_count && i < DN_REPORT_REGIONS; i++)
            marks->regions[i] = map->regions[i];
    }
    dn_map_free(map);
    return status;
}

static dn_status tell(dn_marking *self) {
    dn_progress progress = {
        .stage = DN_STAGE_REPORT,
        .done = self->done++,
        .loss = NAN,
        .auroc_last = NAN,
        .auroc_max = NAN,
        .auroc_epoch_max = -1,
    };
    return dn_tell_progress(self->outcome->observer, &progress, NULL);
}

int dn_mark_sample(void *marking, const dn_report_sample *sample, dn_report_marks *marks) {
    dn_marking *self = marking;
    dn_error failure;
    *marks = (dn_report_marks){0};
    if (self->failed || self->stopped || (self->stopped = tell(self) != DN_OK))
        return 0;
    dn_status status = dn_image_read(
        sample->image_path, dn_extractor_levels(self->outcome->evaluation->scorer->extractor),
        &marks->overlay, &failure);
    if (status == DN_OK)
        status = mark(self, &marks->overlay, marks, &failure);
    if (status == DN_OK)
        return 1;
    dn_image_free(&marks->overlay);
    self->failed = 1;
    dn_tell(self->outcome->observer, DN_WARNING, "no maps in the report: %s", failure.message);
    return 0;
}

void dn_marking_destroy(dn_marking *marking) {
    dn_localizer_destroy(marking->localizer);
    dn_release(marking->features);
    *marking = (dn_marking){0};
}
