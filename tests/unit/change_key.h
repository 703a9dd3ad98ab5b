/* For tests that change each key of the configuration in turn. */
#ifndef DN_TESTS_CHANGE_KEY_H
#define DN_TESTS_CHANGE_KEY_H

#include "config/keys.h"
#include "config/number.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

/* The last word of `list` that is not `word`: words are separated by ", ". */
static inline void other_word(const char *list, const char *word, char *other) {
    for (const char *item = list; *item; item += strspn(item, ", ")) {
        size_t length = strcspn(item, ",");
        if (strlen(word) != length || strncmp(item, word, length) != 0)
            sprintf(other, "%.*s", (int)length, item);
        item += length;
    }
}

/* Sets a key to another value than its default. */
static inline void change_key(dn_config *config, const dn_key *key) {
    static const char *const texts[][2] = {{"train_rotations", "bank:2"},
                                           {"img_size", "[128, 129]"},
                                           {"norm_mean", "[0.485, 0.456, 0.5]"},
                                           {"norm_std", "[0.229, 0.224, 0.5]"}};
    dn_error error = {0};
    char value[DN_NUMBER_SIZE] = "2";
    if (key->kind == DN_KIND_REAL)
        dn_number_print(value, (key->low + key->high) / 2);
    if (key->kind == DN_KIND_BOOLEAN)
        strcpy(value, strcmp(key->key.default_value, "true") == 0 ? "false" : "true");
    if (key->kind == DN_KIND_WORD)
        other_word(key->range, key->key.default_value, value);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(key->key.name, texts[i][0]) == 0)
            strcpy(value, texts[i][1]);
    assert_ok(dn_config_set(config, key->key.name, value, &error));
}

#endif
