/* dn_config_parse on any bytes; what it takes has to survive a way through dn_config_to_yaml. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

static void round_trip(const dn_config *config) {
    dn_config *again = NULL;
    char *yaml = NULL, *yaml_again = NULL;
    check(dn_config_to_yaml(config, &yaml, NULL) == DN_OK);
    check(dn_config_create(&again, NULL) == DN_OK);
    check(dn_config_parse(again, "again", yaml, strlen(yaml), NULL) == DN_OK);
    check(dn_config_to_yaml(again, &yaml_again, NULL) == DN_OK);
    check(strcmp(yaml, yaml_again) == 0);
    dn_text_free(yaml);
    dn_text_free(yaml_again);
    dn_config_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_config *config = NULL;
    dn_error error = {0};
    check(dn_config_create(&config, &error) == DN_OK);
    dn_status status = dn_config_parse(config, "fuzz.yaml", (const char *)data, size, &error);
    if (status == DN_OK) {
        round_trip(config);
        dn_config_check(config, &error);
    } else
        check(status == DN_ERROR_CONFIG && error.status == status && error.message[0] != '\0' &&
              !strchr(error.message, '\n'));
    dn_config_destroy(config);
    return 0;
}
