/* libFuzzer target for the station's configuration file. */
#include "station/config/settings.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_serve_settings settings = {0};
    dn_error error;
    (void)dn_serve_settings_read_yaml("fuzz", (const char *)data, size, &settings, &error);
    dn_serve_settings_free(&settings);
    return 0;
}
