/* For tests that change each key of the configuration in turn. */
#ifndef DN_TESTS_CHANGE_KEY_H
#define DN_TESTS_CHANGE_KEY_H

#include "config/keys.h"
#include "config/number.h"
#include "support/support.h"

#include <string.h>

/* Another value of a key than its default. */
static inline void change_key(dn_config *config, const dn_key *key) {
    static const char *const words[][2] = {{"train_rotations", "bank:2"},
                                           {"threshold_rule", "youden"},
                                           {"device", "cpu"},
                                           {"compute", "reference"},
                                           {"precision", "bf16"},
                                           {"img_size", "[128, 129]"},
                                           {"norm_mean", "[0.485, 0.456, 0.5]"},
                                           {"norm_std", "[0.229, 0.224, 0.5]"}};
    dn_error error = {0};
    char value[DN_NUMBER_SIZE] = "2";
    if (key->kind == DN_KIND_REAL)
        dn_number_print(value, (key->low + key->high) / 2);
    if (key->kind == DN_KIND_BOOLEAN)
        strcpy(value, strcmp(key->key.default_value, "true") == 0 ? "false" : "true");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(key->key.name, words[i][0]) == 0)
            strcpy(value, words[i][1]);
    assert_ok(dn_config_set(config, key->key.name, value, &error));
}

#endif
