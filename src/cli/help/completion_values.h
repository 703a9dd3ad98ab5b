/* Values that shell completion offers: of options, and of configuration keys after --set. */
#ifndef DN_CLI_COMPLETION_VALUES_H
#define DN_CLI_COMPLETION_VALUES_H

#include "cli/verbs.h"

#include <stdio.h>

/* Branches of bash's `case VERB:WORD in`, where WORD is the word before the completed one, with =
 * before it if = stands between them. They set `words`. */
void dn_completion_bash_values(FILE *stream);

/* Branches of zsh's `case VERB:WORD in`. They add the values and return. */
void dn_completion_zsh_values(FILE *stream);

#endif
