#include "cli/options.h"

#include "cli/usage.h"

#include <stdlib.h>
#include <string.h>

enum {
    TRAINING = DN_VERB_TRAIN | DN_VERB_CONFIG,
    EVALUATING = DN_VERB_TRAIN | DN_VERB_TEST | DN_VERB_CONFIG | DN_VERB_BENCHMARK,
    CONFIGURED = EVALUATING | DN_VERB_CHECK | DN_VERB_IMPORT,
    STATION = DN_VERB_SERVE | DN_VERB_ARCHIVE,
    COMPUTING = EVALUATING | DN_VERB_PREDICT | DN_VERB_CALIBRATE,
    ESTIMATING = COMPUTING | DN_VERB_CHECK, /* check estimates what a training needs */
    SCORING = DN_VERB_TEST | DN_VERB_PREDICT | DN_VERB_CALIBRATE,
    SETTABLE = COMPUTING | DN_VERB_CHECK | DN_VERB_IMPORT,
    INTERCHANGE = DN_VERB_IMPORT | DN_VERB_EXPORT,
    PLAIN = TRAINING | DN_VERB_CHECK, /* named by --good and --bad */
    WITH_DATA = TRAINING | DN_VERB_TEST | DN_VERB_CHECK | DN_VERB_INFO
};

const dn_option dn_options[DN_OPTION_COUNT] = {
    [DN_OPTION_CONFIG] = {"config", 'c', "FILE", CONFIGURED | DN_VERB_SERVE, NULL,
                          "read configuration keys from a YAML file"},
    [DN_OPTION_SET] = {"set", 's', "KEY=VALUE", SETTABLE | DN_VERB_SERVE, NULL,
                       "set a configuration key; may be given several times"},
    [DN_OPTION_DATA] = {"data", 0, "DIR", WITH_DATA, "dataset_path",
                        "class folders, pictures, OK/ and NG/, or a manifest CSV"},
    [DN_OPTION_GOOD] = {"good", 0, "PATH", PLAIN, "dataset_path",
                        "folder or file of good pictures; may be repeated"},
    [DN_OPTION_BAD] = {"bad", 0, "PATH", PLAIN, "dataset_path",
                       "folder or file of defective ones; its folders are kinds"},
    [DN_OPTION_CLASS] = {"class", 0, "NAME", WITH_DATA, "class_name",
                         "class folder within the data folder; train: a,b or all"},
    [DN_OPTION_ROI] = {"roi", 0, "MASK", TRAINING | DN_VERB_CHECK, "roi",
                       "image, white in the region of interest; none: everything"},
    [DN_OPTION_BACKBONE] = {"backbone", 0, "FILE", ESTIMATING | DN_VERB_IMPORT, "backbone",
                            "weights; embedded:efficientnet-lite0; none: built-in AlexNet"},
    [DN_OPTION_OUTPUT] = {"output", 'o', "PATH",
                          TRAINING | DN_VERB_CHECK | SCORING | INTERCHANGE | DN_VERB_MERGE,
                          "output", "folder for results (predict: for maps), or file to write"},
    [DN_OPTION_DEVICE] = {"device", 0, "auto|cpu|cuda", COMPUTING, "device", "where to compute"},
    [DN_OPTION_PRECISION] = {"precision", 0, "auto|f32|bf16|int8", ESTIMATING, "precision",
                             "number format of the calculations"},
    [DN_OPTION_THREADS] = {"threads", 0, "N", SETTABLE & ~DN_VERB_IMPORT, "threads",
                           "threads; 0: all processors of the process"},
    [DN_OPTION_SEED] = {"seed", 0, "N", TRAINING | DN_VERB_BENCHMARK, "seed",
                        "seed of the random numbers"},
    [DN_OPTION_DETERMINISTIC] = {"deterministic", 0, NULL, COMPUTING, NULL,
                                 "same result with any number of threads; always on"},
    [DN_OPTION_RESUME] = {"resume", 0, NULL, DN_VERB_TRAIN, NULL,
                          "continue an unfinished training: DIR, or the newest"},
    [DN_OPTION_SHARD] = {"shard", 0, "I/N|slurm",
                         DN_VERB_TRAIN | DN_VERB_PREDICT | DN_VERB_TEST | DN_VERB_CHECK, NULL,
                         "do part I of N; slurm: of the job array"},
    [DN_OPTION_FEATURES] = {"features", 0, NULL, DN_VERB_TRAIN, NULL,
                            "only compute the features that a training keeps"},
    [DN_OPTION_LINK] = {"link", 0, "RATE,LATENCY", DN_VERB_CHECK, "link",
                        "say what machines so connected gain: 1gbit,1ms"},
    [DN_OPTION_AGAIN] = {"again", 0, NULL, DN_VERB_TRAIN, NULL,
                         "several classes: also those that are finished and unchanged"},
    [DN_OPTION_QUIET] = {"quiet", 'q', NULL,
                         DN_VERB_ALL & ~(DN_VERB_INFO | DN_VERB_CONFIG | STATION), NULL,
                         "no progress and no notes; warnings and errors remain"},
    [DN_OPTION_MAPS] = {"maps", 0, NULL, DN_VERB_PREDICT | DN_VERB_TEST, NULL,
                        "write IMAGE_map.tiff, IMAGE_map.png and IMAGE_mask.png"},
    [DN_OPTION_OVERLAY] = {"overlay", 0, NULL, DN_VERB_PREDICT, NULL,
                           "write the map over the image: IMAGE_overlay.png"},
    [DN_OPTION_REGIONS] = {"regions", 0, NULL, DN_VERB_PREDICT, NULL,
                           "add the regions above the map's threshold to each row"},
    [DN_OPTION_JSON] = {"json", 0, NULL, DN_VERB_ALL & ~(DN_VERB_CONFIG | INTERCHANGE | STATION),
                        NULL, "results as JSON (predict: the default)"},
    [DN_OPTION_FALSE_REJECT_RATE] = {"false-reject-rate", 0, "SHARE", TRAINING | SCORING,
                                     "false_reject_rate",
                                     "share of good images that may be rejected: 0.01"},
    [DN_OPTION_REVIEW_RATE] = {"review-rate", 0, "SHARE", TRAINING | SCORING, "review_rate",
                               "share of good images that may be rejected or sent to review"},
    [DN_OPTION_LOW_RATE] = {"low-rate", 0, "SHARE", TRAINING | SCORING, "low_rate",
                            "share of good images sent to review for a very low score"},
    [DN_OPTION_THRESHOLD_RULE] = {"threshold-rule", 0, "RULE", TRAINING | SCORING, "threshold_rule",
                                  "conformal; with labelled defects target_tpr, f1_max, youden"},
    [DN_OPTION_THRESHOLD] = {"threshold", 0, "SCORE", SCORING, NULL,
                             "reject images whose raw_score is above this"},
    [DN_OPTION_VAL_FRACTION] = {"val-fraction", 0, "SHARE", TRAINING, "val_fraction",
                                "hold out a share of train/good to calibrate with"},
    [DN_OPTION_CROSS_FIT] = {"cross-fit", 0, "K", TRAINING, "cross_fit",
                             "calibrate on all of train/good, with K extra trainings"},
    [DN_OPTION_ROTATIONS] = {"rotations", 0, "N", TRAINING | SCORING | DN_VERB_EXPORT,
                             "n_transforms_test", "rotations that an image is scored at"},
    [DN_OPTION_FORMAT] = {"format", 0, "NAME", DN_VERB_EXPORT | DN_VERB_PREDICT | DN_VERB_ARCHIVE,
                          NULL, "predict: json, csv, table; export: pytorch, safetensors, onnx"},
    [DN_OPTION_HALF] = {"half", 0, NULL, DN_VERB_EXPORT, NULL, "weights as f16: half the size"},
    [DN_OPTION_VERIFY] = {"verify", 0, NULL, DN_VERB_INFO, NULL,
                          "check whether --data holds the model's training images"},
    [DN_OPTION_EARLY_EXIT] = {"early-exit", 0, "CONFIDENCE", DN_VERB_TEST | DN_VERB_PREDICT, NULL,
                              "stop rotating once the verdict is this certain: 0.99"},
    [DN_OPTION_UNLIKE] = {"unlike", 0, "review|warn", DN_VERB_TEST | DN_VERB_PREDICT, NULL,
                          "verdict for images unlike those of training: review"},
    [DN_OPTION_DRY_RUN] = {"dry-run", 0, NULL, DN_VERB_CALIBRATE, NULL,
                           "print the new calibration, write nothing"},
    [DN_OPTION_FORCE] = {"force", 0, NULL, DN_VERB_CALIBRATE | DN_VERB_EXPORT, NULL,
                         "calibrate: few images, several folders; export: overwrite"},
    [DN_OPTION_UNDO] = {"undo", 0, NULL, DN_VERB_CALIBRATE, NULL,
                        "restore the previous calibration"},
    [DN_OPTION_WATCH] = {"watch", 0, "DIR", DN_VERB_PREDICT | DN_VERB_SERVE, NULL,
                         "score the images of a folder as they appear; may be repeated"},
    [DN_OPTION_STDIN_IMAGE] = {"stdin-image", 0, NULL, DN_VERB_PREDICT, NULL,
                               "score the one image file on standard input"},
    [DN_OPTION_STATE] = {"state", 0, "FILE", DN_VERB_PREDICT, NULL,
                         "watch: remember what has a row, for a restart"},
    [DN_OPTION_MOVE_TO] = {"move-to", 0, "DIR", DN_VERB_PREDICT, NULL,
                           "watch: move images to DIR/pass, review, fail, error"},
    [DN_OPTION_SETTLE] = {"settle", 0, "SECONDS", DN_VERB_PREDICT, NULL,
                          "watch: time without a change until a file is complete: 1"},
    [DN_OPTION_POLL] = {"poll", 0, "SECONDS", DN_VERB_PREDICT, NULL,
                        "watch: interval at which the whole folder is read: 1"},
    [DN_OPTION_GIVE_UP] = {"give-up", 0, "SECONDS", DN_VERB_PREDICT, NULL,
                           "watch: time until an unreadable file gets an error row: 10"},
    [DN_OPTION_FAIL_ON] = {"fail-on", 0, "anomaly|review", DN_VERB_PREDICT, NULL,
                           "exit status 3 if an image is FAIL; 4 if one is REVIEW"},
    [DN_OPTION_FAIL_ON_ANOMALY] = {"fail-on-anomaly", 0, NULL, DN_VERB_PREDICT, NULL,
                                   "the same as --fail-on anomaly"},
#ifdef DN_USE_STATION
    [DN_OPTION_LISTEN] = {"listen", 0, "ADDRESS:PORT", DN_VERB_SERVE, NULL,
                          "where to listen: 127.0.0.1:8080"},
    [DN_OPTION_TOKEN_FILE] = {"token-file", 0, "FILE", DN_VERB_SERVE, NULL,
                              "lines ROLE TOKEN that grant access; mode 0600"},
    [DN_OPTION_TLS_CERT] = {"tls-cert", 0, "FILE", DN_VERB_SERVE, NULL,
                            "certificate and chain, PEM"},
    [DN_OPTION_TLS_KEY] = {"tls-key", 0, "FILE", DN_VERB_SERVE, NULL, "its key, PEM"},
    [DN_OPTION_ARCHIVE] = {"archive", 0, "DIR", DN_VERB_SERVE, NULL,
                           "keep every inspection in this folder"},
    [DN_OPTION_KEEP_DAYS] = {"keep-days", 0, "N", DN_VERB_ARCHIVE, NULL,
                             "prune: remove files that are older"},
    [DN_OPTION_KEEP_GIGABYTES] = {"keep-gigabytes", 0, "N", DN_VERB_ARCHIVE, NULL,
                                  "prune: remove the oldest files beyond this"},
#endif
    [DN_OPTION_HELP] = {"help", 'h', NULL, DN_VERB_ALL, NULL, "this help"},
    [DN_OPTION_VERSION] = {"version", 0, NULL, DN_VERB_ALL, NULL, "the version"},
};

/* The command line and the position in it. */
typedef struct word_cursor {
    const char *verb_name;
    unsigned verb;
    int count, position;
    char *const *words;
} word_cursor;

/* By the first `length` bytes of `name`: "=value" may follow. */
static const dn_option *find_option(const char *name, size_t length) {
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (strlen(dn_options[i].name) == length && memcmp(dn_options[i].name, name, length) == 0)
            return &dn_options[i];
    return NULL;
}

static const dn_option *find_letter(const char *word) {
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (dn_options[i].letter && word[1] == dn_options[i].letter && !word[2])
            return &dn_options[i];
    return NULL;
}

static dn_status fail_unknown(const word_cursor *cursor, const char *word, size_t length,
                              dn_error *error) {
    const char *names[DN_OPTION_COUNT];
    size_t count = 0;
    char given[64];
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (dn_options[i].verbs & cursor->verb)
            names[count++] = dn_options[i].name;
    size_t copied = length < sizeof given ? length : sizeof given - 1;
    memcpy(given, word, copied);
    given[copied] = '\0';
    const char *nearest = dn_nearest_name(given + strspn(given, "-"), names, count);
    return dn_usage(error, "%s: unknown option \"%s\"%s%s%s", cursor->verb_name, given,
                    nearest ? ": did you mean \"--" : "", nearest ? nearest : "",
                    nearest ? "\"?" : "");
}

static dn_status take_value(word_cursor *cursor, const dn_option *option, const char *attached,
                            const char **value, dn_error *error) {
    *value = attached;
    if (!option->argument)
        return attached
                   ? dn_usage(error, "%s: --%s takes no value", cursor->verb_name, option->name)
                   : DN_OK;
    if (attached)
        return DN_OK;
    const char *next = cursor->position < cursor->count ? cursor->words[cursor->position] : NULL;
    if (!next || strncmp(next, "--", 2) == 0)
        return dn_usage(error, "%s: --%s needs a value: --%s %s", cursor->verb_name, option->name,
                        option->name, option->argument);
    *value = next;
    cursor->position++;
    return DN_OK;
}

static dn_status take_option(word_cursor *cursor, const char *word, dn_command *command,
                             dn_error *error) {
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const dn_option *option =
        word[1] == '-' ? find_option(word + 2, length - 2) : find_letter(word);
    dn_choice *choice = &command->choices[command->choice_count];
    if (!option)
        return fail_unknown(cursor, word, length, error);
    if (!(option->verbs & cursor->verb))
        return dn_usage(error, "%s: has no option --%s", cursor->verb_name, option->name);
    choice->option = (dn_option_id)(option - dn_options);
    dn_status status =
        take_value(cursor, option, equals ? equals + 1 : NULL, &choice->value, error);
    command->choice_count += status == DN_OK;
    return status;
}

static dn_status take_words(word_cursor *cursor, dn_command *command, dn_error *error) {
    int options_end = 0;
    while (cursor->position < cursor->count) {
        const char *word = cursor->words[cursor->position++];
        if (!options_end && strcmp(word, "--") == 0)
            options_end = 1;
        else if (options_end || word[0] != '-' || !word[1])
            command->operands[command->operand_count++] = word;
        else {
            dn_status status = take_option(cursor, word, command, error);
            if (status != DN_OK)
                return status;
        }
    }
    return DN_OK;
}

dn_status dn_command_parse(const char *name, unsigned verb, int count, char *const *words,
                           dn_command *command, dn_error *error) {
    word_cursor cursor = {.verb_name = name, .verb = verb, .count = count, .words = words};
    *command = (dn_command){0};
    command->choices = calloc((size_t)count + 1, sizeof *command->choices);
    command->operands = calloc((size_t)count + 1, sizeof *command->operands);
    if (!command->choices || !command->operands)
        return dn_out_of_memory(error);
    return take_words(&cursor, command, error);
}

void dn_command_free(dn_command *command) {
    free(command->choices);
    free(command->operands);
    *command = (dn_command){0};
}

int dn_command_has(const dn_command *command, dn_option_id option) {
    for (size_t i = 0; i < command->choice_count; i++)
        if (command->choices[i].option == option)
            return 1;
    return 0;
}

const char *dn_command_value(const dn_command *command, dn_option_id option) {
    const char *value = NULL;
    for (size_t i = 0; i < command->choice_count; i++)
        if (command->choices[i].option == option)
            value = command->choices[i].value;
    return value;
}

dn_status dn_command_number(const dn_command *command, dn_option_id option, double most,
                            double otherwise, double *number, dn_error *error) {
    const char *text = dn_command_value(command, option);
    char *end = NULL;
    *number = text ? strtod(text, &end) : otherwise;
    if (!text || (end > text && !*end && *number > 0 && *number <= most))
        return DN_OK;
    return dn_usage(error, "--%s \"%.40s\": expected a number above 0%s", dn_options[option].name,
                    text, most < 1 ? " and below 1" : "");
}
