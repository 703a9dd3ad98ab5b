/* Parts that --shard writes to standard output. */
#ifndef DN_CLI_PART_H
#define DN_CLI_PART_H

#include "cli/cli.h"
#include "cli/shard.h"

/* Begins a part of the verb that runs, for --shard; *part is NULL without that option. It names
 * the options that change what is computed, and the operands. `about` and `heading` may be NULL. */
dn_status dn_cli_part_begin(dn_cli *cli, const char *verb, const char *about, const char *heading,
                            dn_part **part);

/* Prints what the part holds so far. */
dn_status dn_cli_part_print(dn_cli *cli, dn_part *part);

#endif
