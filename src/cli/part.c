#include "cli/part.h"

#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>

/* Processes that share a work may differ in these. */
static int is_of_process(dn_option_id option) {
    return option == DN_OPTION_SHARD || option == DN_OPTION_QUIET || option == DN_OPTION_THREADS;
}

/* "--name=value"; NULL when out of memory; free. */
static char *print_choice(const dn_choice *choice) {
    char *word = NULL;
    const char *value = choice->value;
    int length = asprintf(&word, "--%s%s%s", dn_options[choice->option].name, value ? "=" : "",
                          value ? value : "");
    return length < 0 ? NULL : word;
}

static dn_status begin(dn_cli *cli, const dn_part_options *about, char **words, dn_part **part) {
    const dn_command *command = &cli->command;
    dn_part_options options = *about;
    size_t count = 0, choices;
    for (size_t i = 0; i < command->choice_count; i++)
        if (!is_of_process(command->choices[i].option) &&
            !(words[count++] = print_choice(&command->choices[i])))
            return dn_out_of_memory(&cli->error);
    choices = count;
    words[count++] = (char *)"--";
    for (size_t i = 0; i < command->operand_count; i++)
        words[count++] = (char *)command->operands[i];
    options.words = (const char *const *)words;
    options.word_count = count;
    dn_status status = dn_part_create(&options, part, &cli->error);
    while (choices > 0)
        free(words[--choices]);
    return status;
}

dn_status dn_cli_part_begin(dn_cli *cli, const char *verb, const char *about, const char *heading,
                            dn_part **part) {
    dn_shard shard;
    *part = NULL;
    dn_status status = dn_shard_of(&cli->command, &shard, &cli->error);
    if (status != DN_OK || shard.count == 0)
        return status;
    const dn_part_options options = {.struct_size = sizeof options,
                                     .verb = verb,
                                     .shard = shard.index,
                                     .shards = shard.count,
                                     .about = about,
                                     .heading = heading};
    size_t most = cli->command.choice_count + cli->command.operand_count + 1;
    char **words = calloc(most, sizeof *words);
    status = words ? begin(cli, &options, words, part) : dn_out_of_memory(&cli->error);
    free(words);
    return status;
}

dn_status dn_cli_part_print(dn_cli *cli, dn_part *part) {
    char *bytes = NULL;
    size_t size;
    dn_status status = dn_part_take(part, &bytes, &size, &cli->error);
    if (status == DN_OK && size > 0)
        status = dn_cli_write(cli, bytes, size);
    dn_text_free(bytes);
    return status;
}
