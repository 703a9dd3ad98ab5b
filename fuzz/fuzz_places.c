/* The tensors of a detector for places in a model file, for a grid of 2 x 2 places of 3 features:
 * what is accepted gives finite scores, or says that it does not. */
#include "places/heat.h"
#include "places/place_model.h"
#include "tensor_file.h"

#include <math.h>

static const dn_place_grid grid = {2, 2, 3};

static void score(const dn_place_model *model) {
    static const float picture[12] = {0, 1, -1, 2, 0.5f, 3, -2, 1e3f, 0, 1, 1, 1};
    float logs[4], map[16];
    dn_place_heat *heat;
    if (dn_place_heat_create(&grid, 4, 4, DN_PLACE_SIGMA, NULL, 1, &heat, NULL) != DN_OK)
        return;
    for (int own = 0; own < 2; own++) {
        dn_place_distances(&model->gaussians, logs, picture, own, 1);
        dn_place_heat_smooth(heat, logs);
        dn_place_heat_standardize(heat, logs, model->gaussians.log_mean,
                                  model->gaussians.log_deviation);
        double statistic = dn_place_heat_draw(heat, map, logs);
        for (int i = 0; i < 16; i++)
            if (!isnan(statistic) && !(map[i] >= 0 && (double)map[i] <= statistic))
                abort();
        double decided = dn_place_decide(model, 1.5, statistic),
               p = dn_place_p_value(model, statistic);
        double threshold = dn_place_threshold(model, NULL, 0, 0.05);
        if (!isnan(statistic) && !(decided > 0 && isfinite(decided) && p > 0 && p <= 1))
            abort();
        if (!(threshold > 0) && !isnan(threshold))
            abort();
    }
    dn_place_heat_destroy(heat);
}

static void load(const dn_tensor_file *file) {
    dn_error error = {0};
    dn_config *config;
    dn_place_model model;
    if (dn_config_create(&config, NULL) != DN_OK)
        return;
    dn_status status = dn_place_model_load(file, "fuzz", &grid, config, &model, &error);
    if (status == DN_OK)
        status = dn_place_model_check(&model, "fuzz", &error);
    if (status != DN_OK && (error.message[0] == '\0' || strchr(error.message, '\n')))
        abort();
    if (status == DN_OK && model.gaussians.pictures > 0)
        score(&model);
    dn_place_model_free(&model);
    dn_config_destroy(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_tensor_file *file;
    if (dn_tensor_file_open_memory("fuzz", data, size, &file, NULL) != DN_OK)
        return 0;
    load(file);
    dn_tensor_file_close(file);
    return 0;
}
