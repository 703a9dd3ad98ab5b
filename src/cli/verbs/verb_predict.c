#include "cli/batch.h"
#include "cli/usage.h"
#include "cli/watch/watch.h"

#include <string.h>

static int is_standard_input(const char *operand) {
    return strcmp(operand, "-") == 0;
}

/* The operand after number i; NULL: none, or standard input. */
static const char *operand_after(const dn_command *command, size_t i) {
    int is_last = i + 1 >= command->operand_count;
    return is_last || is_standard_input(command->operands[i + 1]) ? NULL : command->operands[i + 1];
}

static dn_status score_operands(dn_batch *batch) {
    const dn_command *command = &batch->cli->command;
    dn_status status = DN_OK;
    batch->total = command->operand_count - 1;
    for (size_t i = 1; i < command->operand_count; i++)
        batch->total_unknown |= is_standard_input(command->operands[i]);
    for (size_t i = 1; status == DN_OK && i < command->operand_count; i++)
        status = is_standard_input(command->operands[i])
                     ? dn_batch_names(batch)
                     : dn_batch_operand(batch, command->operands[i], operand_after(command, i));
    return status;
}

/* Options that would be without effect are mistakes. */
static dn_status check_watch_options(dn_cli *cli) {
    static const dn_option_id watching[] = {DN_OPTION_STATE, DN_OPTION_MOVE_TO, DN_OPTION_SETTLE,
                                            DN_OPTION_POLL, DN_OPTION_GIVE_UP};
    if (dn_command_has(&cli->command, DN_OPTION_WATCH))
        return DN_OK;
    for (size_t i = 0; i < sizeof watching / sizeof *watching; i++)
        if (dn_command_has(&cli->command, watching[i]))
            return dn_usage(&cli->error, "predict: --%s needs --watch DIR",
                            dn_options[watching[i]].name);
    return DN_OK;
}

/* What one process alone can do: the others would not see the same pictures. */
static dn_status check_shared(dn_cli *cli) {
    const dn_command *command = &cli->command;
    int has_input = dn_command_has(command, DN_OPTION_STDIN_IMAGE);
    for (size_t i = 1; i < command->operand_count; i++)
        has_input |= is_standard_input(command->operands[i]);
    if (!cli->group)
        return DN_OK;
    if (dn_command_has(command, DN_OPTION_SHARD))
        return dn_usage(&cli->error, "predict: --shard or mpirun, not both");
    if (dn_command_has(command, DN_OPTION_WATCH) || has_input)
        return dn_usage(&cli->error, "predict: under mpirun it needs PATH...: standard input and a "
                                     "watched folder are for one process");
    return DN_OK;
}

/* Images come from operands, from standard input or from a watched folder, but only one of them. */
static dn_status check_sources(dn_cli *cli) {
    const dn_command *command = &cli->command;
    if (dn_command_has(command, DN_OPTION_SHARD) &&
        (dn_command_has(command, DN_OPTION_WATCH) ||
         dn_command_has(command, DN_OPTION_STDIN_IMAGE)))
        return dn_usage(&cli->error, "predict: --shard needs PATH...: pictures with an order");
    int sources = (command->operand_count > 1) + dn_command_has(command, DN_OPTION_WATCH) +
                  dn_command_has(command, DN_OPTION_STDIN_IMAGE);
    if (sources == 1)
        return check_watch_options(cli);
    return dn_usage(&cli->error, "predict: %s: PATH..., --watch DIR or --stdin-image",
                    sources == 0 ? "name what to score" : "give only one of these");
}

static dn_status score_all(dn_batch *batch) {
    const dn_command *command = &batch->cli->command;
    dn_status status;
    if (dn_command_has(command, DN_OPTION_WATCH))
        return dn_watch(batch);
    status = dn_batch_heading(batch);
    if (status != DN_OK)
        return status;
    if (dn_command_has(command, DN_OPTION_STDIN_IMAGE)) {
        batch->total = 1;
        status = dn_batch_standard_input(batch);
    } else
        status = score_operands(batch);
    return status == DN_OK ? dn_batch_progress(batch) : status;
}

dn_status dn_verb_predict(dn_cli *cli) {
    dn_batch batch = {0};
    dn_status status = check_shared(cli);
    if (status == DN_OK)
        status = check_sources(cli);
    if (status == DN_OK)
        status = dn_batch_begin(&batch, cli);
    if (status == DN_OK)
        status = dn_group_model(cli->group, batch.model, &cli->error);
    if (status == DN_OK)
        status = score_all(&batch);
    if (status == DN_OK)
        status = dn_batch_end(&batch);
    dn_batch_close(&batch);
    return status;
}
