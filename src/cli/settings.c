#include "cli/settings.h"

#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --set KEY=VALUE */
static dn_status set_pair(dn_config *config, const char *pair, dn_error *error) {
    char key[64];
    size_t length = strcspn(pair, "=");
    if (!pair[length] || length == 0)
        return dn_usage(error, "--set \"%.80s\": expected KEY=VALUE", pair);
    if (length >= sizeof key)
        return dn_usage(error, "--set \"%.80s\": no key is that long", pair);
    memcpy(key, pair, length);
    key[length] = '\0';
    return dn_config_set_text(config, key, pair + length + 1, error);
}

static dn_status apply(dn_config *config, const dn_choice *choice, dn_error *error) {
    if (choice->option == DN_OPTION_SET)
        return set_pair(config, choice->value, error);
    if (choice->option == DN_OPTION_GOOD || choice->option == DN_OPTION_BAD)
        return DN_OK; /* all of them together make one value */
    if (dn_options[choice->option].key)
        return dn_config_set_text(config, dn_options[choice->option].key, choice->value, error);
    return DN_OK;
}

static dn_status apply_plain_folders(const dn_command *command, dn_config *config,
                                     dn_error *error) {
    if (!dn_command_has(command, DN_OPTION_GOOD) && !dn_command_has(command, DN_OPTION_BAD))
        return DN_OK;
    dn_status status = dn_settings_plain_folders(command, config, error);
    if (status == DN_OK && !dn_settings_sets(command, "class_name"))
        status = dn_config_set_text(config, "class_name", "", error); /* there are no classes */
    return status;
}

dn_status dn_settings_apply(const dn_command *command, dn_config *config, dn_error *error) {
    dn_status status = DN_OK;
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        if (command->choices[i].option == DN_OPTION_CONFIG)
            status = dn_config_load(config, command->choices[i].value, error);
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        status = apply(config, &command->choices[i], error);
    return status == DN_OK ? apply_plain_folders(command, config, error) : status;
}

dn_status dn_settings_config(const dn_command *command, dn_config **config, dn_error *error) {
    dn_status status = dn_config_create(config, error);
    if (status != DN_OK)
        return status;
    status = dn_settings_apply(command, *config, error);
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

static dn_status read_texts(const dn_config *config, dn_model_settings *settings, dn_error *error) {
    const struct {
        const char *key;
        char **text;
    } wanted[] = {{"backbone", &settings->backbone},
                  {"device", &settings->device},
                  {"compute", &settings->compute},
                  {"precision", &settings->precision},
                  {"threshold_rule", &settings->threshold_rule},
                  {"report_title", &settings->report_title},
                  {"report_note", &settings->report_note}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        dn_status status = dn_config_get_text(config, wanted[i].key, wanted[i].text, error);
        if (status != DN_OK)
            return status;
    }
    return DN_OK;
}

/* The number that the command line sets a key to. 0 if it does not, so that the model's own value
 * counts and not the default in `config`. */
static dn_status read_number(const dn_command *command, const dn_config *config, const char *key,
                             double *number, dn_error *error) {
    char *text;
    *number = 0;
    if (!dn_settings_sets(command, key))
        return DN_OK;
    dn_status status = dn_config_get(config, key, &text, error);
    if (status == DN_OK)
        *number = strtod(text, NULL);
    dn_text_free(text);
    return status;
}

static dn_status read_numbers(const dn_command *command, const dn_config *config,
                              dn_model_options *options, dn_error *error) {
    double rotations = 0;
    const struct {
        const char *key;
        double *number;
    } wanted[] = {{"n_transforms_test", &rotations},
                  {"false_reject_rate", &options->false_reject_rate},
                  {"review_rate", &options->review_rate},
                  {"low_rate", &options->low_rate},
                  {"target_tpr", &options->target_tpr}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        dn_status status = read_number(command, config, wanted[i].key, wanted[i].number, error);
        if (status != DN_OK)
            return status;
    }
    options->rotations = (int)rotations;
    if (dn_settings_sets(command, "review_rate") && options->review_rate == 0)
        options->review_rate = -1;
    if (dn_settings_sets(command, "low_rate") && options->low_rate == 0)
        options->low_rate = -1;
    return DN_OK;
}

/* As the model's configuration has it, unless the command line says otherwise. */
static dn_status read_footer(const dn_command *command, const dn_config *config, int *footer,
                             dn_error *error) {
    char *text;
    *footer = 0;
    if (!dn_settings_sets(command, "overlay_footer"))
        return DN_OK;
    dn_status status = dn_config_get(config, "overlay_footer", &text, error);
    if (status == DN_OK)
        *footer = strcmp(text, "true") == 0 ? 1 : -1;
    dn_text_free(text);
    return status;
}

static dn_status read_unlike(const dn_command *command, int *unlike, dn_error *error) {
    const char *word = dn_command_value(command, DN_OPTION_UNLIKE);
    *unlike = word && strcmp(word, "warn") == 0;
    if (!word || *unlike || strcmp(word, "review") == 0)
        return DN_OK;
    return dn_usage(error, "--unlike %s: expected review or warn", word);
}

static dn_status fill_options(const dn_command *command, const dn_config *config,
                              dn_model_settings *settings, dn_error *error) {
    char *threads;
    dn_status status = dn_config_get(config, "threads", &threads, error);
    if (status != DN_OK)
        return status;
    settings->options = (dn_model_options){
        .struct_size = sizeof settings->options,
        .backbone = *settings->backbone ? settings->backbone : NULL,
        .device = settings->device,
        .compute = settings->compute,
        .precision = dn_settings_sets(command, "precision") ? settings->precision : NULL,
        .threads = atoi(threads),
        .maps = dn_command_has(command, DN_OPTION_MAPS),
        .threshold_rule =
            dn_settings_sets(command, "threshold_rule") ? settings->threshold_rule : NULL,
        .report_title = dn_settings_sets(command, "report_title") ? settings->report_title : NULL,
        .report_note = dn_settings_sets(command, "report_note") ? settings->report_note : NULL,
    };
    dn_text_free(threads);
    status = dn_command_number(command, DN_OPTION_THRESHOLD, 1e300, 0, &settings->options.threshold,
                               error);
    if (status == DN_OK)
        status = dn_command_number(command, DN_OPTION_EARLY_EXIT, 0.999999999, 0,
                                   &settings->options.early_exit, error);
    if (status == DN_OK)
        status = read_footer(command, config, &settings->options.overlay_footer, error);
    if (status == DN_OK)
        status = read_unlike(command, &settings->options.unlike, error);
    return status == DN_OK ? read_numbers(command, config, &settings->options, error) : status;
}

dn_status dn_settings_model(const dn_command *command, const dn_config *config,
                            dn_model_settings *settings, dn_error *error) {
    *settings = (dn_model_settings){0};
    dn_status status = read_texts(config, settings, error);
    if (status == DN_OK)
        status = fill_options(command, config, settings, error);
    if (status != DN_OK)
        dn_settings_free(settings);
    return status;
}

void dn_settings_free(dn_model_settings *settings) {
    dn_text_free(settings->backbone);
    dn_text_free(settings->device);
    dn_text_free(settings->compute);
    dn_text_free(settings->precision);
    dn_text_free(settings->threshold_rule);
    dn_text_free(settings->report_title);
    dn_text_free(settings->report_note);
    *settings = (dn_model_settings){0};
}

static void warn_of_precision(dn_cli *cli, const dn_model *model) {
    const char *wanted, *real = dn_model_precision(model, &wanted);
    char text[128];
    if (strcmp(wanted, real) == 0)
        return;
    snprintf(text, sizeof text,
             "precision: this processor has no instructions for %s; computing in %s", wanted, real);
    dn_display_message(&cli->display, DN_WARNING, text);
}

static void warn_of_options(dn_cli *cli, const dn_model *model) {
    const char *warning = dn_model_warning(model);
    if (warning)
        dn_display_message(&cli->display, DN_WARNING, warning);
}

dn_status dn_settings_open_model(dn_cli *cli, const dn_config *config, dn_model **model) {
    dn_model_settings settings;
    dn_status status = dn_settings_model(&cli->command, config, &settings, &cli->error);
    if (status != DN_OK)
        return status;
    status = dn_model_open(cli->command.operands[0], &settings.options, model, &cli->error);
    dn_settings_free(&settings);
    if (status == DN_OK) {
        warn_of_precision(cli, *model);
        warn_of_options(cli, *model);
    }
    return status;
}
