#include "cli/verbs.h"

#include "cli/usage.h"

#include <stdint.h>
#include <string.h>

const dn_verb dn_verbs[] = {
    {"train", NULL, DN_VERB_TRAIN, "[DIR]", 0, 1, "train a model, evaluate it and save it",
     "--good names folders or files of good pictures, --bad of defective ones; a folder below "
     "--bad "
     "is a kind of defect. From 50 good pictures on, a fifth of them is held out for the test, "
     "always "
     "the same ones. --data takes a folder that holds CLASS/train/good, CLASS/test/good and "
     "CLASS/test/DEFECT, a folder of good pictures, one with folders such as OK and NG, or a "
     "manifest CSV. Without any of these, trains on the dummy data set. Model, scores, metrics and "
     "log go to a new folder OUTPUT/DifferNet/DATASET/CLASS/vN, which the last line names. "
     "--resume "
     "continues a training that was stopped or killed: the one in DIR, with the configuration "
     "there "
     "unless --config names another, or the newest one of the given configuration. Further options "
     "may change what does not affect the numbers (--threads, --output, --quiet, paths, the "
     "cache); "
     "others are refused by name. --class all, or names with commas between, trains one class "
     "after "
     "another, goes on after one that fails, keeps what is finished and unchanged, and writes "
     "summary.csv and summary.html into OUTPUT/DifferNet/DATASET; --shard I/N takes every Nth.",
     dn_verb_train},
    {"test", "evaluate", DN_VERB_TEST, "MODEL", 1, 1, "metrics of a saved model on a test set",
     "MODEL is a model file, a results folder v<N>, or a class folder, whose newest model counts; "
     "so "
     "it is in the other verbs. Uses the test set that the model was trained with, as config.yaml "
     "beside the model names "
     "it, unless --data, --class or --config name another, and the thresholds of the model, "
     "unless the options below set others. With --output, writes report.html, metrics.json, "
     "scores.csv and roc.csv there.",
     dn_verb_test},
    {"predict", NULL, DN_VERB_PREDICT, "MODEL [PATH...]", 1, SIZE_MAX,
     "score images and print a row for each",
     "PATH is an image file, a folder (all images below it, sorted), a pattern in quotes, or - "
     "for file names on standard input, one a line. What differnet wrote itself, maps and "
     "results folders, is skipped. --watch DIR scores the images of a folder (not below it) as "
     "they appear, when they have not changed for --settle seconds, until Ctrl-C; an image that is "
     "overwritten is scored again. --state FILE makes a restart neither repeat nor lose a row, "
     "--move-to sorts the images by verdict. --maps, --overlay and --regions work with all of "
     "these. An image that cannot be scored gives a row with \"error\", a map that cannot be "
     "written a warning in the row; the others are scored all the same, and the exit status is 1 "
     "in the end. --fail-on anomaly ends with 3 if an image is FAIL; --fail-on review also with 4 "
     "if one is REVIEW and none is FAIL.",
     dn_verb_predict},
    {"info", NULL, DN_VERB_INFO, "[FILE]", 0, 1, "what a model or weights file contains",
     "Without FILE, describes the backbone that is part of the program. With --verify, compares "
     "the training images of --data and --class (unless named, those of the training) with the "
     "ones the model was trained on, by SHA-256 of names and contents; the exit status is 1 if "
     "they differ.",
     dn_verb_info},
    {"config", NULL, DN_VERB_CONFIG, "", 0, 0, "print the configuration as YAML",
     "Prints every key with its value and a comment. --config reads the result.", dn_verb_config},
    {"benchmark", NULL, DN_VERB_BENCHMARK, "", 0, 0, "speed and memory on this machine",
     "Takes some minutes; with --precision or --threads it measures less.", dn_verb_benchmark},
    {"check", NULL, DN_VERB_CHECK, "[DATASET]", 0, 1, "check a data set before training",
     "Reads every image of DATASET (a folder of classes, a class folder or a manifest CSV) and "
     "lists what it holds, what to fix and what to look at: unreadable files, copies, the same "
     "image in train and test, images that differ much from the rest, masks that do not fit. "
     "Checks all classes unless --class names one. The exit status is 1 if there is something to "
     "fix.",
     dn_verb_check},
    {"calibrate", NULL, DN_VERB_CALIBRATE, "MODEL [DIR]", 1, 2,
     "set a model's thresholds from good images alone",
     "Scores all images below the folder DIR, sets the thresholds from their scores and rewrites "
     "MODEL, or writes --output. The images must be good and new: training images, copies, single "
     "files, several folders and fewer than 10 images are refused. Without DIR, sets other "
     "thresholds from the scores that MODEL contains. MODEL keeps its last 8 calibrations; --undo "
     "goes back to the one before.",
     dn_verb_calibrate},
    {"import", NULL, DN_VERB_IMPORT, "FILE", 1, 1, "a model from the original's weights",
     "FILE is a state_dict that the original DifferNet saved (weights/NAME). --output names the "
     "model file to write. The network's shape follows from the tensors; keys that the tensors "
     "do not determine, such as clamp_alpha or img_size, have their defaults or come from --set "
     "and --config. A whole pickled object (models/NAME) is refused: nothing in FILE is ever "
     "executed.",
     dn_verb_import},
    {"export", NULL, DN_VERB_EXPORT, "MODEL", 1, 1, "a model for other programs",
     "--format pytorch writes a state_dict for the original's load_weights, safetensors the "
     "model file itself, onnx a graph from uint8 RGB images [N, height, width, 3] to raw_score, "
     "pred_score and pred_label. With --rotations N the graph rotates each image N times and "
     "averages; without it, each image is one view. --half writes the weights as f16. --output "
     "names the file.",
     dn_verb_export},
    {"merge", NULL, DN_VERB_MERGE, "PART...", 1, SIZE_MAX, "join what --shard I/N wrote",
     "Joins the parts of one `predict --shard` or `test --shard`, in any order: what one process "
     "would have written, to standard output or to --output (of test: a folder). Names parts that "
     "are missing, there twice, unfinished or of another work. Parts of `test` hold scores; the "
     "model and the test set are opened again.",
     dn_verb_merge},
#ifdef DN_USE_STATION
    {"serve", NULL, DN_VERB_SERVE, "[MODEL...]", 0, SIZE_MAX, "the inspection station over HTTP",
     "Serves models by name (MODEL is a path or NAME=PATH; further ones stand in the "
     "configuration), a page for people at /, and an archive of what was judged, until Ctrl-C or "
     "SIGTERM. It listens on this machine alone; elsewhere it needs --tls-cert, --tls-key and "
     "--token-file. --watch DIR (or MODEL=DIR) judges the pictures of a folder as they appear; it "
     "needs --archive. SIGHUP reads tokens, models, sinks, limits and policy again. "
     "docs/station.md has the keys of the configuration, which --set sets as well.",
     dn_verb_serve},
    {"archive", NULL, DN_VERB_ARCHIVE, "export|verify|prune DIR", 2, 2,
     "export, verify or prune what the station keeps",
     "export prints all inspections, the newest first, as JSON lines or with --format csv. verify "
     "compares every kept picture with the digest of what was judged; the exit status is 1 if "
     "something is missing or changed. prune removes the oldest pictures and maps beyond "
     "--keep-days and --keep-gigabytes, never inspections; a station that runs does so itself.",
     dn_verb_archive},
#endif
};

_Static_assert(sizeof dn_verbs / sizeof *dn_verbs == DN_VERB_COUNT, "DN_VERB_COUNT is wrong");

/* Verbs that were left out of this build: DIFFERNET_STATION. */
static int is_left_out(const char *name) {
    return strcmp(name, "serve") == 0 || strcmp(name, "archive") == 0;
}

dn_status dn_verb_find(const char *name, const dn_verb **verb, dn_error *error) {
    const char *names[2 * DN_VERB_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < DN_VERB_COUNT; i++) {
        *verb = &dn_verbs[i];
        if (strcmp(name, (*verb)->name) == 0 || ((*verb)->alias && !strcmp(name, (*verb)->alias)))
            return DN_OK;
        names[count++] = (*verb)->name;
        if ((*verb)->alias)
            names[count++] = (*verb)->alias;
    }
    *verb = NULL;
    if (is_left_out(name))
        return dn_usage(error, "%s: not in this build", name);
    if (name[0] == '-')
        return dn_usage(error, "unknown option \"%.40s\" before the verb", name);
    const char *nearest = dn_nearest_name(name, names, count);
    return dn_usage(error, "unknown verb \"%.40s\"%s%s%s", name, nearest ? ": did you mean \"" : "",
                    nearest ? nearest : "", nearest ? "\"?" : "");
}

dn_status dn_verb_check_operands(const dn_verb *verb, const dn_command *command, dn_error *error) {
    if (command->operand_count > verb->most)
        return dn_usage(error, "%s: unexpected argument \"%.80s\"", verb->name,
                        command->operands[verb->most]);
    if (command->operand_count < verb->least)
        return dn_usage(error, "%s: too few arguments: differnet %s [OPTION]... %s", verb->name,
                        verb->name, verb->operands);
    return DN_OK;
}
