/* Small things about words: usage errors, suggestions, quoting. */
#ifndef DN_CLI_WORDS_H
#define DN_CLI_WORDS_H

#include "differnet_tools.h"

/* Both write the message into `error`; the first returns DN_ERROR_ARGUMENT. */
dn_status dn_usage(dn_error *error, const char *format, ...) DN_PRINTF(2, 3);
dn_status dn_out_of_memory(dn_error *error);

/* The one of `words` most like `word`, or NULL when none is near. */
const char *dn_nearest_word(const char *word, const char *const *words, size_t count);

/* The text in double quotes, escaped as both JSON and YAML read it; NULL when out of memory; free.
 */
char *dn_quote(const char *text);

/* A YAML scalar, plain or as dn_config_get quotes it, without its quotes, in place. */
void dn_unquote(char *scalar);

#endif
