#include "cli/cli.h"
#include "cli/usage.h"
#include "station/run/station.h"

#include <stdio.h>
#include <stdlib.h>

/* The option, and the station's key that it sets. */
static const struct {
    dn_option_id option;
    const char *key;
} keys[] = {{DN_OPTION_LISTEN, "listen"},
            {DN_OPTION_TOKEN_FILE, "token_file"},
            {DN_OPTION_TLS_CERT, "tls_cert"},
            {DN_OPTION_TLS_KEY, "tls_key"},
            {DN_OPTION_ARCHIVE, "archive"}};

static const char *key_of(dn_option_id option) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].option == option)
            return keys[i].key;
    return option == DN_OPTION_SET ? "" : NULL;
}

/* "key=value" of every option; free each and the array. NULL if memory ran out. */
static char **make_pairs(const dn_command *command, size_t *count) {
    char **pairs = calloc(command->choice_count + 1, sizeof *pairs);
    *count = 0;
    for (size_t i = 0; pairs && i < command->choice_count; i++) {
        const dn_choice *choice = &command->choices[i];
        const char *key = key_of(choice->option);
        if (!key)
            continue;
        if (asprintf(&pairs[*count], "%s%s%s", key, *key ? "=" : "", choice->value) < 0)
            return pairs;
        ++*count;
    }
    return pairs;
}

/* The values of --watch; free the array alone. NULL if memory ran out. */
static const char **find_watches(const dn_command *command, size_t *count) {
    const char **watches = calloc(command->choice_count + 1, sizeof *watches);
    *count = 0;
    for (size_t i = 0; watches && i < command->choice_count; i++)
        if (command->choices[i].option == DN_OPTION_WATCH)
            watches[(*count)++] = command->choices[i].value;
    return watches;
}

static void free_all(char **pairs, size_t count, const char **watches) {
    for (size_t i = 0; pairs && i < count; i++)
        free(pairs[i]);
    free(pairs);
    free(watches);
}

dn_status dn_verb_serve(dn_cli *cli) {
    const dn_command *command = &cli->command;
    size_t count = 0, watch_count = 0;
    char **pairs = make_pairs(command, &count);
    const char **watches = find_watches(command, &watch_count);
    if (!pairs || !watches) {
        free_all(pairs, count, watches);
        return dn_out_of_memory(&cli->error);
    }
    const dn_serve_settings_source source = {.file = dn_command_value(command, DN_OPTION_CONFIG),
                                             .models = command->operands,
                                             .model_count = command->operand_count,
                                             .watches = watches,
                                             .watch_count = watch_count,
                                             .pairs = (const char *const *)pairs,
                                             .pair_count = count};
    dn_status status = dn_station_run(&source, &cli->error);
    free_all(pairs, count, watches);
    return status;
}
