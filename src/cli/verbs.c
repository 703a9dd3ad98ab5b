#include "cli/verbs.h"

#include "cli/usage.h"

#include <stdint.h>
#include <string.h>

const dn_verb dn_verbs[] = {
    {"train", NULL, DN_VERB_TRAIN, "[DIR]", 0, 1, "train a model, evaluate it and save it",
     "Learns from pictures of good parts alone; defective ones only measure how well it works. "
     "--good names folders or files of good pictures, --bad of defective ones; a folder below "
     "--bad is a kind of defect. Of 50 good pictures or more, a fifth is held out for the test, "
     "always the same ones. --data takes a folder of good pictures, a folder with subfolders such "
     "as OK and NG, a folder in MVTec AD's layout (CLASS/train/good, CLASS/test/good, "
     "CLASS/test/DEFECT), or a manifest CSV. Without any of these, trains on the dummy data set. "
     "Model, scores, metrics, report and log go to a new folder OUTPUT/DifferNet/DATASET/CLASS/vN, "
     "which the last line names. Ctrl-C stops the training and prints the command that resumes it. "
     "--resume continues a training that was stopped or killed: the one in DIR, with the "
     "configuration there unless --config names another; without DIR, the newest one of the given "
     "configuration. With it, options that do not affect the numbers may change (--threads, "
     "--output, --quiet, paths, the cache); others are refused by name. --class all, or names "
     "separated by commas, trains one class after another, continues after one that fails, keeps "
     "classes that are finished and unchanged, and writes summary.csv and summary.html into "
     "OUTPUT/DifferNet/DATASET; --shard I/N takes every Nth class. "
     "--features computes what a training keeps in its cache and trains nothing; with --shard I/N "
     "it writes a part for `merge`.",
     dn_verb_train},
    {"test", "evaluate", DN_VERB_TEST, "MODEL", 1, 1,
     "measure a saved model on a labelled test set",
     "MODEL is a model file, a results folder v<N>, or a class folder (its newest version), here "
     "and in all other verbs. Uses the test set that the model was trained with, which config.yaml "
     "beside the model names, unless --data, --class or --config name another, and the model's "
     "thresholds, unless the options below set others. With --output, writes report.html, "
     "metrics.json, scores.csv and roc.csv there.",
     dn_verb_test},
    {"predict", NULL, DN_VERB_PREDICT, "MODEL [PATH...]", 1, SIZE_MAX,
     "score images and print a row for each",
     "PATH is an image file, a folder (all images below it, sorted), a pattern in quotes, or - for "
     "file names on standard input, one a line. Maps and results folders that differnet wrote are "
     "skipped. --watch DIR scores the images of a folder (not of its subfolders) as they appear, "
     "once they have not changed for --settle seconds, until Ctrl-C; an image that is overwritten "
     "is scored again. With --state FILE a restart neither repeats nor loses a row; --move-to "
     "sorts the images by verdict. --maps, --overlay and --regions work with all of these. An "
     "image that cannot be scored gives a row with \"error\", a map that cannot be written a "
     "warning in the row; the other images are still scored, and the exit status is 1. --fail-on "
     "anomaly ends with 3 if an image is FAIL; --fail-on review also with 4 if one is REVIEW and "
     "none is FAIL.",
     dn_verb_predict},
    {"info", NULL, DN_VERB_INFO, "[FILE]", 0, 1, "show what a model or weights file contains",
     "Without FILE, describes the built-in AlexNet, with embedded:efficientnet-lite0 the other "
     "built-in backbone. With --verify, compares the training images "
     "of --data and --class (by default those of the training) with the images that the model was "
     "trained on, by SHA-256 of names and contents; the exit status is 1 if they differ.",
     dn_verb_info},
    {"config", NULL, DN_VERB_CONFIG, "", 0, 0, "print the configuration as YAML",
     "Prints every key with its value and a comment. --config reads the result.", dn_verb_config},
    {"benchmark", NULL, DN_VERB_BENCHMARK, "", 0, 0, "measure speed and memory on this machine",
     "Takes some minutes; with --precision or --threads it measures less.", dn_verb_benchmark},
    {"check", NULL, DN_VERB_CHECK, "[DATASET]", 0, 1, "check a data set before training",
     "Reads every image of DATASET (a folder in any layout that train takes, or a manifest CSV) or "
     "of --good and --bad, and lists what the data set contains, what to fix and what to review: "
     "unreadable files, copies, the same image in train and test, images that differ much from the "
     "others, masks that do not fit. Checks all classes unless --class names one. The exit status "
     "is 1 if there is something to fix.",
     dn_verb_check},
    {"calibrate", NULL, DN_VERB_CALIBRATE, "MODEL [DIR]", 1, 2,
     "set a model's thresholds from good images alone",
     "Scores all images below the folder DIR, sets the thresholds from their scores and rewrites "
     "MODEL, or writes --output. The images must show good parts and be new to the model: training "
     "images, copies, single files, several folders and fewer than 10 images are refused. Without "
     "DIR, sets other thresholds from the scores that MODEL contains. MODEL keeps its last 8 "
     "calibrations; --undo restores the previous one.",
     dn_verb_calibrate},
    {"import", NULL, DN_VERB_IMPORT, "FILE", 1, 1,
     "convert weights of the original or of a backbone",
     "FILE is a state_dict that the original DifferNet saved (weights/NAME), or the weights of a "
     "backbone (.pth, .whl, .safetensors). --output names the file to write. The network's shape "
     "follows from the tensors; keys that the tensors do not determine, such as clamp_alpha or "
     "img_size, have their defaults or come from --set and --config. A whole pickled object "
     "(models/NAME) is refused: nothing in FILE is ever executed.",
     dn_verb_import},
    {"export", NULL, DN_VERB_EXPORT, "MODEL", 1, 1, "convert a model for other programs",
     "--format pytorch writes a state_dict for the original's load_weights, safetensors the "
     "model file itself, onnx a graph from uint8 RGB images [N, height, width, 3] to raw_score, "
     "pred_score and pred_label. With --rotations N the graph rotates each image N times and "
     "averages; without it, each image is one view. --half writes the weights as f16. --output "
     "names the file.",
     dn_verb_export},
    {"merge", NULL, DN_VERB_MERGE, "PART...", 1, SIZE_MAX, "join the parts that --shard I/N wrote",
     "Joins the parts of one `predict`, `test`, `check` or `train --features` with --shard, in any "
     "order, to what one process would have written: to standard output or to --output (predict: a "
     "file, test: a folder), or into the feature cache. Names parts that are missing, given twice, "
     "unfinished or from another run. All but `predict` open the pictures' folder again.",
     dn_verb_merge},
#ifdef DN_USE_STATION
    {"serve", NULL, DN_VERB_SERVE, "[MODEL...]", 0, SIZE_MAX, "run the inspection station (HTTP)",
     "Serves models by name (MODEL is a path or NAME=PATH; the configuration can name more), with "
     "a page for operators at / and an archive of all inspections, until Ctrl-C or SIGTERM. It "
     "listens on this machine alone; to be reachable from others it needs --tls-cert, --tls-key "
     "and --token-file. --watch DIR (or MODEL=DIR) inspects the pictures of a folder as they "
     "appear; it needs --archive. SIGHUP reloads tokens, models, sinks, limits and policy. "
     "docs/station.md has the keys of the configuration; --set sets them, too.",
     dn_verb_serve},
    {"archive", NULL, DN_VERB_ARCHIVE, "export|verify|prune DIR", 2, 2,
     "export, verify or prune what the station keeps",
     "export prints all inspections, the newest first, as JSON lines or with --format csv. verify "
     "compares every kept picture with the digest of what was judged; the exit status is 1 if "
     "something is missing or changed. prune removes the oldest pictures and maps beyond "
     "--keep-days and --keep-gigabytes, never inspections; a running station does this itself.",
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
        return dn_usage(error, "%s: not in this build: the Debian package and the tarball have it",
                        name);
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
