#include "api/results/report_localization.h"

#include "base/observer.h"

#include <math.h>

/* The score is not computed again: a map of places takes one view. */
static dn_status localize(dn_report_localizer *self, const dn_report_sample *sample,
                          dn_image *picture, dn_report_localization *found, dn_error *error) {
    const dn_known_score known = {.raw = sample->raw_score,
                                  .is_unlike = sample->verdict == DN_VERDICT_REVIEW};
    dn_map *map;
    DN_TRY(dn_inspector_map_scored(self->inspector, picture, &known, &map, error));
    found->knows_regions = isfinite(map->threshold);
    found->region_count = map->region_count;
    for (size_t i = 0; i < map->region_count && i < DN_REPORT_REGIONS; i++)
        found->regions[i] = map->regions[i];
    dn_status status = dn_map_take_overlay(map, &found->overlay, error);
    dn_map_free(map);
    return status;
}

static dn_status report_progress(dn_report_localizer *self) {
    return dn_tell_stage(self->observer, DN_STAGE_REPORT, self->done++, 0, NULL);
}

int dn_localize_report_sample(void *localizer, const dn_report_sample *sample, dn_image *picture,
                              dn_report_localization *found) {
    dn_report_localizer *self = localizer;
    dn_error failure;
    *found = (dn_report_localization){0};
    if (self->failed || self->stopped)
        return 0;
    self->stopped = report_progress(self) != DN_OK;
    if (self->stopped)
        return 0;
    if (localize(self, sample, picture, found, &failure) == DN_OK)
        return 1;
    self->failed = 1;
    dn_tell(self->observer, DN_WARNING, "no maps in the report: %s", failure.message);
    return 0;
}
