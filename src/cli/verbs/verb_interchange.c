/* import and export */
#include "cli/settings.h"
#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static dn_status need_output(const dn_cli *cli, const char *verb, const char **output,
                             dn_error *error) {
    *output = dn_command_value(&cli->command, DN_OPTION_OUTPUT);
    if (*output && **output)
        return DN_OK;
    return dn_usage(error, "%s: --output FILE is needed", verb);
}

dn_status dn_verb_import(dn_cli *cli) {
    dn_config *config = NULL;
    const char *output;
    dn_status status = need_output(cli, "import", &output, &cli->error);
    if (status == DN_OK)
        status = dn_settings_config(&cli->command, &config, &cli->error);
    if (status == DN_OK) /* --output named the file, not the folder for results */
        status = dn_config_set(config, "output", "results", &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, config);
        status = dn_import(cli->command.operands[0], config, output, &cli->observer, &cli->error);
    }
    dn_config_destroy(config);
    return status;
}

static dn_status read_format(const dn_cli *cli, dn_export_format *format, dn_error *error) {
    static const char *const names[] = {
        [DN_EXPORT_PYTORCH] = "pytorch",
        [DN_EXPORT_SAFETENSORS] = "safetensors",
        [DN_EXPORT_ONNX] = "onnx",
    };
    const char *wanted = dn_command_value(&cli->command, DN_OPTION_FORMAT);
    size_t count = sizeof names / sizeof *names;
    for (size_t i = 0; wanted && i < count; i++) {
        if (strcmp(names[i], wanted) == 0) {
            *format = (dn_export_format)i;
            return DN_OK;
        }
    }
    return dn_usage(error, "export: --format %s is needed%s%.40s%s", "pytorch|safetensors|onnx",
                    wanted ? ", found \"" : "", wanted ? wanted : "", wanted ? "\"" : "");
}

static dn_status read_rotations(const dn_command *command, int *rotations, dn_error *error) {
    const char *text = dn_command_value(command, DN_OPTION_ROTATIONS);
    char *end = NULL;
    long number = text ? strtol(text, &end, 10) : 0;
    if (text && (end == text || *end || number < 1 || number > 1024))
        return dn_usage(error, "export: --rotations \"%.40s\": expected 1 to 1024", text);
    *rotations = (int)number;
    return DN_OK;
}

static dn_status keep_existing(const dn_cli *cli, const char *output, dn_error *error) {
    if (access(output, F_OK) != 0 || dn_command_has(&cli->command, DN_OPTION_FORCE))
        return DN_OK;
    return dn_usage(error, "export: %s exists: --force overwrites it", output);
}

static void say_what_was_written(dn_cli *cli, const dn_export_options *options,
                                 const char *output) {
    static const char *const names[] = {
        [DN_EXPORT_PYTORCH] = "a state_dict for PyTorch",
        [DN_EXPORT_SAFETENSORS] = "a model in safetensors",
        [DN_EXPORT_ONNX] = "an ONNX graph",
    };
    struct stat status;
    char text[256], views[64] = "";
    double size = stat(output, &status) == 0 ? (double)status.st_size / 1e6 : 0;
    if (options->format == DN_EXPORT_ONNX && options->rotations > 1)
        snprintf(views, sizeof views, ", turns an image %d times", options->rotations);
    snprintf(text, sizeof text, "wrote %.120s: %s, %.1f MB, weights in %s%s", output,
             names[options->format], size, options->half ? "f16" : "f32", views);
    dn_display_message(&cli->display, DN_NOTE, text);
}

dn_status dn_verb_export(dn_cli *cli) {
    const dn_command *command = &cli->command;
    const char *output;
    dn_export_options options = {.struct_size = sizeof options,
                                 .half = dn_command_has(command, DN_OPTION_HALF)};
    dn_status status = read_format(cli, &options.format, &cli->error);
    if (status == DN_OK)
        status = need_output(cli, "export", &output, &cli->error);
    if (status == DN_OK)
        status = read_rotations(command, &options.rotations, &cli->error);
    if (status == DN_OK)
        status = keep_existing(cli, output, &cli->error);
    if (status == DN_OK)
        status = dn_export(command->operands[0], &options, output, &cli->error);
    if (status == DN_OK) {
        dn_cli_watch(cli, NULL);
        say_what_was_written(cli, &options, output);
    }
    return status;
}
