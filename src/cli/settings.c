#include "cli/settings.h"

#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

/* --set KEY=VALUE: the value is YAML, as in a file. */
static dn_status set_pair(dn_config *config, const char *pair, dn_error *error) {
    char key[64];
    size_t length = strcspn(pair, "=");
    if (!pair[length] || length == 0)
        return dn_usage(error, "--set \"%.80s\": expected KEY=VALUE", pair);
    if (length >= sizeof key)
        return dn_usage(error, "--set \"%.80s\": no key is that long", pair);
    memcpy(key, pair, length);
    key[length] = '\0';
    return dn_config_set(config, key, pair + length + 1, error);
}

dn_status dn_settings_text(dn_config *config, const char *key, const char *text, dn_error *error) {
    char *quoted = dn_quote(text);
    if (!quoted)
        return dn_out_of_memory(error);
    dn_status status = dn_config_set(config, key, quoted, error);
    free(quoted);
    return status;
}

static dn_status apply(dn_config *config, const dn_choice *choice, dn_error *error) {
    if (choice->option == DN_OPTION_SET)
        return set_pair(config, choice->value, error);
    if (dn_options[choice->option].key)
        return dn_settings_text(config, dn_options[choice->option].key, choice->value, error);
    return DN_OK;
}

static dn_status apply_all(dn_config *config, const dn_command *command, dn_error *error) {
    dn_status status = DN_OK;
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        if (command->choices[i].option == DN_OPTION_CONFIG)
            status = dn_config_load(config, command->choices[i].value, error);
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        status = apply(config, &command->choices[i], error);
    return status;
}

dn_status dn_settings_config(const dn_command *command, dn_config **config, dn_error *error) {
    dn_status status = dn_config_create(config, error);
    if (status != DN_OK)
        return status;
    status = apply_all(*config, command, error);
    if (status != DN_OK) {
        dn_config_destroy(*config);
        *config = NULL;
    }
    return status;
}

int dn_settings_sets(const dn_command *command, const char *key) {
    size_t length = strlen(key);
    for (size_t i = 0; i < command->choice_count; i++) {
        const dn_choice *choice = &command->choices[i];
        const char *own = dn_options[choice->option].key;
        if (own && strcmp(own, key) == 0)
            return 1;
        if (choice->option == DN_OPTION_SET && strncmp(choice->value, key, length) == 0 &&
            choice->value[length] == '=')
            return 1;
    }
    return 0;
}

/* The texts of a model's options, which dn_model_options only points to. */
typedef struct model_texts {
    char *backbone, *device, *compute, *threads, *rotations;
} model_texts;

static dn_status read_texts(const dn_config *config, model_texts *texts, dn_error *error) {
    const struct {
        const char *key;
        char **text;
    } wanted[] = {{"backbone", &texts->backbone},
                  {"device", &texts->device},
                  {"compute", &texts->compute},
                  {"threads", &texts->threads},
                  {"n_transforms_test", &texts->rotations}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        dn_status status = dn_config_get(config, wanted[i].key, wanted[i].text, error);
        if (status != DN_OK)
            return status;
        dn_unquote(*wanted[i].text);
    }
    return DN_OK;
}

static void free_texts(model_texts *texts) {
    dn_text_free(texts->backbone);
    dn_text_free(texts->device);
    dn_text_free(texts->compute);
    dn_text_free(texts->threads);
    dn_text_free(texts->rotations);
}

dn_status dn_settings_open_model(const dn_command *command, const dn_config *config,
                                 dn_model **model, dn_error *error) {
    model_texts texts = {0};
    dn_status status = read_texts(config, &texts, error);
    if (status == DN_OK) {
        /* A model brings its own number of rotations; a file's default must not replace it. */
        int rotates = dn_settings_sets(command, "n_transforms_test");
        dn_model_options options = {
            .backbone = *texts.backbone ? texts.backbone : NULL,
            .device = texts.device,
            .compute = texts.compute,
            .threads = atoi(texts.threads),
            .rotations = rotates ? atoi(texts.rotations) : 0,
        };
        status = dn_model_open(command->operands[0], &options, model, error);
    }
    free_texts(&texts);
    return status;
}
