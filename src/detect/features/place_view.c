#include "detect/features/place_view.h"

#include "base/memory.h"

static dn_status init_view(dn_place_view *view, const dn_config *config, dn_error *error) {
    const dn_roi *roi = dn_extractor_input_roi(view->extractor);
    int height = config->img_size[0], width = config->img_size[1];
    DN_TRY(dn_extractor_keep_places(view->extractor, error));
    DN_TRY(dn_place_heat_create(&view->grid, height, width, DN_PLACE_SIGMA,
                                roi ? roi->inside : NULL, dn_extractor_threads(view->extractor),
                                &view->heat, error));
    DN_TRY(dn_allocate_floats(&view->map, (size_t)height * (size_t)width, error));
    return dn_allocate_floats(&view->values, dn_place_grid_places(&view->grid), error);
}

dn_status dn_place_view_create(dn_extractor *extractor, const dn_config *config,
                               const dn_place_model *model, dn_place_view *view, dn_error *error) {
    *view = (dn_place_view){
        .model = model, .extractor = extractor, .grid = dn_extractor_place_grid(extractor)};
    dn_status status = init_view(view, config, error);
    if (status != DN_OK)
        dn_place_view_destroy(view);
    return status;
}

void dn_place_view_destroy(dn_place_view *view) {
    dn_place_heat_destroy(view->heat);
    dn_release(view->map);
    dn_release(view->values);
    *view = (dn_place_view){0};
}

static void find_logs(dn_place_view *view, int is_own) {
    dn_place_distances(&view->model->gaussians, view->values, dn_extractor_places(view->extractor),
                       is_own, dn_extractor_threads(view->extractor));
    dn_place_heat_smooth(view->heat, view->values);
}

double dn_place_view_draw(dn_place_view *view, float *logs) {
    const dn_place_gaussians *gaussians = &view->model->gaussians;
    dn_place_heat_standardize(view->heat, logs, gaussians->log_mean, gaussians->log_deviation);
    return dn_place_heat_draw(view->heat, view->map, logs);
}

double dn_place_view_score(dn_place_view *view) {
    find_logs(view, 0);
    return dn_place_view_draw(view, view->values);
}

void dn_place_view_leave_out(dn_place_view *view) {
    find_logs(view, 1);
}

dn_status dn_place_view_pass(dn_extractor *extractor, const dn_image *image, float *features,
                             dn_error *error) {
    dn_view upright = {.image = image};
    return dn_extractor_run(extractor, &upright, 1, features, error);
}
