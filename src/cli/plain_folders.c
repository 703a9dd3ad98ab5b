/* --good and --bad: plain folders in place of a data set's folder. */
#include "cli/settings.h"
#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_plain(const dn_choice *choice) {
    return choice->option == DN_OPTION_GOOD || choice->option == DN_OPTION_BAD;
}

static dn_status check_options(const dn_command *command, dn_error *error) {
    if (dn_command_has(command, DN_OPTION_DATA))
        return dn_usage(error, "--data and --good both name pictures; give one of them");
    if (!dn_command_has(command, DN_OPTION_GOOD))
        return dn_usage(error, "--bad alone: also name pictures of good parts: --good PATH");
    for (size_t i = 0; i < command->choice_count; i++)
        if (is_plain(&command->choices[i]) &&
            (!command->choices[i].value[0] || strchr(command->choices[i].value, '|')))
            return dn_usage(error, "--%s \"%.200s\": expected a path without |",
                            dn_options[command->choices[i].option].name, command->choices[i].value);
    return DN_OK;
}

/* "good=A|good=B|bad=C": good ones first, which the list begins with. */
static void print_list(FILE *stream, const dn_command *command) {
    const dn_option_id order[] = {DN_OPTION_GOOD, DN_OPTION_BAD};
    const char *separator = "";
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < command->choice_count; i++)
            if (command->choices[i].option == order[k]) {
                fprintf(stream, "%s%s=%s", separator, dn_options[order[k]].name,
                        command->choices[i].value);
                separator = "|";
            }
}

static dn_status set_list(const dn_command *command, dn_config *config, dn_error *error) {
    char *list = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&list, &size);
    if (!stream)
        return dn_out_of_memory(error);
    print_list(stream, command);
    dn_status status = fclose(stream) == 0 ? dn_config_set_text(config, "dataset_path", list, error)
                                           : dn_out_of_memory(error);
    free(list);
    return status;
}

dn_status dn_settings_plain_folders(const dn_command *command, dn_config *config, dn_error *error) {
    dn_status status = check_options(command, error);
    return status == DN_OK ? set_list(command, config, error) : status;
}
