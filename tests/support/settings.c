#include "support/settings.h"

#include <stdio.h>
#include <string.h>

void settings_put(dn_config *config, const char *const (*pairs)[2], size_t count) {
    dn_error error = {0};
    for (size_t i = 0; i < count; i++)
        assert_ok(dn_config_set(config, pairs[i][0], pairs[i][1], &error));
}

void settings_in(dn_config *config, const char *folder) {
    static const char *const places[][2] = {
        {"dataset_path", "data"}, {"output", "results"}, {"cache_dir", "cache"}};
    char path[512];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, places[i][1]);
        settings_put(config, &(const char *const[2]){places[i][0], path}, 1);
    }
}

dn_config *settings_create(const char *folder, const char *const (*pairs)[2], size_t count) {
    dn_error error = {0};
    dn_config *config;
    assert_ok(dn_config_create(&config, &error));
    settings_put(config, pairs, count);
    settings_in(config, folder);
    return config;
}
