/* The table of verbs. */
#ifndef DN_CLI_VERBS_H
#define DN_CLI_VERBS_H

#include "cli/cli.h"

typedef struct dn_verb {
    const char *name, *alias; /* alias: NULL where there is none */
    unsigned bit;
    const char *operands; /* as in the usage line */
    size_t least, most;   /* number of operands */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs of help and man page */
    dn_verb_run *run;
} dn_verb;

#ifdef DN_USE_STATION
enum { DN_VERB_COUNT = 13 };
#else
enum { DN_VERB_COUNT = 11 };
#endif

extern const dn_verb dn_verbs[];

/* DN_ERROR_ARGUMENT for an unknown one, with the nearest, or for one of later versions. */
dn_status dn_verb_find(const char *name, const dn_verb **verb, dn_error *error);

/* Whether the number of operands is the verb's. */
dn_status dn_verb_check_operands(const dn_verb *verb, const dn_command *command, dn_error *error);

/* Texts made from the tables; NULL when out of memory; free. */
char *dn_help_text(void);
char *dn_verb_help_text(const dn_verb *verb);
char *dn_man_text(void);

/* A completion script for "bash" or "zsh"; anything else is a usage error. */
dn_status dn_completion_text(const char *shell, char **text, dn_error *error);

#endif
