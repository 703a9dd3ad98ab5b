/* The option table. Parser, help and man page walk it; a new option is a line in options.c. */
#ifndef DN_CLI_OPTIONS_H
#define DN_CLI_OPTIONS_H

#include "differnet_tools.h"

enum dn_verb_bit {
    DN_VERB_TRAIN = 1,
    DN_VERB_TEST = 2,
    DN_VERB_PREDICT = 4,
    DN_VERB_INFO = 8,
    DN_VERB_CONFIG = 16,
    DN_VERB_BENCHMARK = 32,
    DN_VERB_CHECK = 64,
    DN_VERB_CALIBRATE = 128,
    DN_VERB_IMPORT = 256,
    DN_VERB_EXPORT = 512,
    DN_VERB_SERVE = 1024,
    DN_VERB_ARCHIVE = 2048,
    DN_VERB_MERGE = 4096,
    DN_VERB_ALL = 8191
};

typedef enum dn_option_id {
    DN_OPTION_CONFIG,
    DN_OPTION_SET,
    DN_OPTION_DATA,
    DN_OPTION_GOOD,
    DN_OPTION_BAD,
    DN_OPTION_CLASS,
    DN_OPTION_ROI,
    DN_OPTION_BACKBONE,
    DN_OPTION_OUTPUT,
    DN_OPTION_DEVICE,
    DN_OPTION_PRECISION,
    DN_OPTION_THREADS,
    DN_OPTION_SEED,
    DN_OPTION_DETERMINISTIC,
    DN_OPTION_RESUME,
    DN_OPTION_SHARD,
    DN_OPTION_FEATURES,
    DN_OPTION_LINK,
    DN_OPTION_AGAIN,
    DN_OPTION_QUIET,
    DN_OPTION_MAPS,
    DN_OPTION_OVERLAY,
    DN_OPTION_REGIONS,
    DN_OPTION_JSON,
    DN_OPTION_FALSE_REJECT_RATE,
    DN_OPTION_REVIEW_RATE,
    DN_OPTION_LOW_RATE,
    DN_OPTION_THRESHOLD_RULE,
    DN_OPTION_THRESHOLD,
    DN_OPTION_VAL_FRACTION,
    DN_OPTION_CROSS_FIT,
    DN_OPTION_ROTATIONS,
    DN_OPTION_EARLY_EXIT,
    DN_OPTION_UNLIKE,
    DN_OPTION_FORMAT,
    DN_OPTION_HALF,
    DN_OPTION_VERIFY,
    DN_OPTION_DRY_RUN,
    DN_OPTION_FORCE,
    DN_OPTION_UNDO,
    DN_OPTION_WATCH,
    DN_OPTION_STDIN_IMAGE,
    DN_OPTION_STATE,
    DN_OPTION_MOVE_TO,
    DN_OPTION_SETTLE,
    DN_OPTION_POLL,
    DN_OPTION_GIVE_UP,
    DN_OPTION_FAIL_ON,
    DN_OPTION_FAIL_ON_ANOMALY,
#ifdef DN_USE_STATION
    DN_OPTION_LISTEN,
    DN_OPTION_TOKEN_FILE,
    DN_OPTION_TLS_CERT,
    DN_OPTION_TLS_KEY,
    DN_OPTION_ARCHIVE,
    DN_OPTION_KEEP_DAYS,
    DN_OPTION_KEEP_GIGABYTES,
#endif
    DN_OPTION_HELP,
    DN_OPTION_VERSION,
    DN_OPTION_COUNT
} dn_option_id;

typedef struct dn_option {
    const char *name;     /* without its dashes */
    char letter;          /* 0: none */
    const char *argument; /* its name in the help; NULL: takes none */
    unsigned verbs;       /* bits of the verbs that take the option */
    const char *key;      /* the configuration key that it sets, or NULL */
    const char *help;
} dn_option;

extern const dn_option dn_options[DN_OPTION_COUNT];

/* An option as given; value is NULL if it takes none. */
typedef struct dn_choice {
    dn_option_id option;
    const char *value;
} dn_choice;

typedef struct dn_command {
    dn_choice *choices; /* in the order of the command line */
    size_t choice_count;
    const char **operands;
    size_t operand_count;
} dn_command;

/* Parses the words after the verb `name`, whose bit is `verb`. Free with dn_command_free, also
 * after a failure. */
dn_status dn_command_parse(const char *name, unsigned verb, int count, char *const *words,
                           dn_command *command, dn_error *error);
void dn_command_free(dn_command *command);

/* Whether the option was given, and the value given last. */
int dn_command_has(const dn_command *command, dn_option_id option);
const char *dn_command_value(const dn_command *command, dn_option_id option);

/* The positive number that the option was given last, or `otherwise` if it was not. */
dn_status dn_command_number(const dn_command *command, dn_option_id option, double most,
                            double otherwise, double *number, dn_error *error);

#endif
