#include "config/keys.h"

#include <string.h>

#define CLOSED(low, high) low, high, DN_CLOSED, #low " to " #high
#define ABOVE(low, high) low, high, DN_OPEN_LOW, "above " #low ", at most " #high
#define BELOW(low, high) low, high, DN_OPEN_HIGH, "at least " #low ", below " #high
#define EITHER 0, 1, DN_CLOSED, "true or false"
#define ANY_SEED 0, 0, DN_CLOSED, "0 to 18446744073709551615"
#define MAY_BE_EMPTY 0, 0, DN_CLOSED, "may be empty"
#define NOT_EMPTY 1, 0, DN_CLOSED, "not empty"
#define ONE_OF(words) 0, 0, DN_CLOSED, words

/* KEY: of the model; RUN_KEY: of the run (dn_key_scope). KEY_OF sees the parts of a range as
 * arguments of their own. */
#define KEY(...) KEY_OF(DN_KEY_OF_MODEL, __VA_ARGS__)
#define RUN_KEY(...) KEY_OF(DN_KEY_OF_RUN, __VA_ARGS__)
#define KEY_OF(scope, name, kind, items, default_value, comment, low, high, open, range)           \
    {                                                                                              \
        {#name, default_value, comment " (" range ")"}, scope, kind,                               \
            offsetof(struct dn_config, name), sizeof(((struct dn_config *)0)->name), items, low,   \
            high, open, range                                                                      \
    }

const dn_key dn_keys[] = {
    RUN_KEY(
        dataset_path, DN_KIND_TEXT, 1, "dummy_dataset",
        "folder that holds the class folders, a folder of pictures or of OK/ and NG/, a manifest "
        "CSV, or good=DIR|bad=DIR",
        NOT_EMPTY),
    RUN_KEY(class_name, DN_KIND_TEXT, 1, "dummy_class", "class folder within dataset_path",
            MAY_BE_EMPTY),
    RUN_KEY(
        roi, DN_KIND_TEXT, 1, "\"\"",
        "mask, white in the region of interest; empty: the one in the class folder's roi/, if any; "
        "none: the whole picture",
        MAY_BE_EMPTY),
    RUN_KEY(modelname, DN_KIND_TEXT, 1, "dummy_test", "name of the run, noted in config.yaml",
            NOT_EMPTY),
    KEY(img_size, DN_KIND_INTEGER, 2, "[448, 448]", "height and width of the input in pixels, each",
        CLOSED(64, 2048)),
    KEY(transf_rotations, DN_KIND_BOOLEAN, 1, "true", "rotate training images by random angles",
        EITHER),
    KEY(transf_brightness, DN_KIND_REAL, 1, "0.0",
        "brightness of training images varies by a factor of 1 plus or minus this", CLOSED(0, 10)),
    KEY(transf_contrast, DN_KIND_REAL, 1, "0.0",
        "contrast of training images varies by a factor of 1 plus or minus this", CLOSED(0, 10)),
    KEY(transf_saturation, DN_KIND_REAL, 1, "0.0",
        "saturation of training images varies by a factor of 1 plus or minus this", CLOSED(0, 10)),
    KEY(norm_mean, DN_KIND_REAL, 3, "[0.485, 0.456, 0.406]",
        "subtracted from red, green, blue of 0 to 1, each", CLOSED(-10, 10)),
    KEY(norm_std, DN_KIND_REAL, 3, "[0.229, 0.224, 0.225]", "divides red, green, blue, each",
        CLOSED(0.001, 10)),
    KEY(add_img_noise, DN_KIND_REAL, 1, "0.0",
        "standard deviation of noise added to normalised training pixels", CLOSED(0, 10)),
    KEY(levels, DN_KIND_TEXT, 1, "auto",
        "sample values that become black and white in pictures deeper than 8 bits; auto: as the "
        "files declare, or found on the training pictures",
        0, 0, DN_CLOSED, "auto, or BLACK:WHITE as in 0:4095"),
    KEY(n_scales, DN_KIND_INTEGER, 1, "3", "image scales, each half as large as the one before",
        CLOSED(1, 6)),
    KEY(clamp_alpha, DN_KIND_REAL, 1, "3.0", "soft clamp of the coupling layers' scale",
        ABOVE(0, 100)),
    KEY(n_coupling_blocks, DN_KIND_INTEGER, 1, "8", "coupling blocks of the flow", CLOSED(1, 64)),
    KEY(fc_internal, DN_KIND_INTEGER, 1, "2048", "width of the subnets' hidden layers",
        CLOSED(1, 16384)),
    KEY(dropout, DN_KIND_REAL, 1, "0.0", "share of hidden units dropped in training", BELOW(0, 1)),
    KEY(lr_init, DN_KIND_REAL, 1, "0.0002", "learning rate of Adam", ABOVE(0, 1)),
    KEY(lr_schedule, DN_KIND_WORD, 1, "constant",
        "constant: lr_init in every step, as the paper; cosine: falls to a fiftieth of it over the "
        "training, which steadies the last epochs",
        ONE_OF("constant, cosine")),
    KEY(n_transforms, DN_KIND_INTEGER, 1, "4", "rotations of an image in training",
        CLOSED(1, 1024)),
    KEY(n_transforms_test, DN_KIND_INTEGER, 1, "64", "evenly spaced rotations to score an image",
        CLOSED(1, 1024)),
    KEY(batch_size, DN_KIND_INTEGER, 1, "24",
        "images of a training step; it sees batch_size times n_transforms vectors",
        CLOSED(1, 4096)),
    KEY(meta_epochs, DN_KIND_INTEGER, 1, "24", "epochs with an evaluation at their end",
        CLOSED(1, 100000)),
    KEY(sub_epochs, DN_KIND_INTEGER, 1, "8", "passes over the training images in a meta epoch",
        CLOSED(1, 100000)),
    KEY(train_rotations, DN_KIND_TEXT, 1, "random",
        "random: fresh angles in every epoch, as the paper; bank:N: drawn from N of each image, "
        "whose features are computed once; even:N: the same, from the N rotations of a test with "
        "n_transforms_test N",
        0, 0, DN_CLOSED, "random, or bank: or even: and 1 to 1024"),
    KEY(rotation_reduction, DN_KIND_WORD, 1, "mean",
        "how the values of an image's rotations become its score: mean, as the paper; median or "
        "log_mean, which a single unusual rotation affects less",
        ONE_OF("mean, median, log_mean")),
    KEY(target_tpr, DN_KIND_REAL, 1, "0.85",
        "share of defective images that the chosen threshold must find", ABOVE(0, 1)),
    KEY(false_reject_rate, DN_KIND_REAL, 1, "0.01",
        "share of good images that may be rejected (FAIL)", ABOVE(0, 0.5)),
    KEY(review_rate, DN_KIND_REAL, 1, "0.05",
        "share of good images that may be rejected or sent to REVIEW; 0: no REVIEW",
        CLOSED(0, 0.5)),
    KEY(low_rate, DN_KIND_REAL, 1, "0.001",
        "share of good images that may be sent to REVIEW because their score is unusually low; 0: "
        "never",
        BELOW(0, 0.5)),
    KEY(threshold_rule, DN_KIND_WORD, 1, "conformal",
        "what chooses the threshold; all but the first need labelled defects",
        ONE_OF("conformal, target_tpr, f1_max, youden")),
    KEY(val_fraction, DN_KIND_REAL, 1, "0.0",
        "share of the training images held out to calibrate the verdict", BELOW(0, 1)),
    KEY(cross_fit, DN_KIND_INTEGER, 1, "0",
        "folds of extra trainings that calibrate the verdict on all training images; 0: none",
        CLOSED(0, 100)),
    RUN_KEY(verbose, DN_KIND_BOOLEAN, 1, "true", "print the loss of each sub epoch", EITHER),
    RUN_KEY(grad_map_viz, DN_KIND_BOOLEAN, 1, "false",
            "write maps of the test images after training", EITHER),
    RUN_KEY(hide_tqdm_bar, DN_KIND_BOOLEAN, 1, "true", "no progress bar within a sub epoch",
            EITHER),
    RUN_KEY(save_model, DN_KIND_BOOLEAN, 1, "true", "write the model after training", EITHER),
    RUN_KEY(device, DN_KIND_WORD, 1, "auto", "where to compute", ONE_OF("auto, cpu, cuda")),
    KEY(compute, DN_KIND_WORD, 1, "auto", "compute backend",
        ONE_OF("auto, onednn, portable, reference")),
    KEY(precision, DN_KIND_WORD, 1, "f32",
        "number format of the calculations; auto: the fastest whose scores stay close to f32's",
        ONE_OF("auto, f32, bf16, int8")),
    RUN_KEY(
        backbone, DN_KIND_TEXT, 1, "\"\"",
        "weights file of the network; empty: the embedded AlexNet; embedded:efficientnet-lite0: "
        "the other embedded network; random: random weights, to compare",
        MAY_BE_EMPTY),
    RUN_KEY(output, DN_KIND_TEXT, 1, "results", "folder of the results", NOT_EMPTY),
    RUN_KEY(estimate, DN_KIND_BOOLEAN, 1, "true",
            "measure this machine for a second to estimate what a training takes", EITHER),
    RUN_KEY(advise_rotations, DN_KIND_BOOLEAN, 1, "true",
            "after a training with held-out pictures, say how many rotations a score needs",
            EITHER),
    RUN_KEY(threads, DN_KIND_INTEGER, 1, "0", "threads; 0: all processors of the process",
            CLOSED(0, 256)),
    KEY(seed, DN_KIND_SEED, 1, "0", "seed of the random numbers", ANY_SEED),
    KEY(early_stop, DN_KIND_INTEGER, 1, "0",
        "stop when the training loss has not fallen for this many meta epochs; 0: never",
        CLOSED(0, 100000)),
    KEY(early_stop_delta, DN_KIND_REAL, 1, "0.001",
        "decrease of a meta epoch's mean loss that counts for early_stop", CLOSED(0, 1000)),
    RUN_KEY(checkpoint, DN_KIND_INTEGER, 1, "1", "meta epochs between checkpoints; 0: none",
            CLOSED(0, 100000)),
    RUN_KEY(checkpoint_share, DN_KIND_REAL, 1, "0.1",
            "share of the time for checkpoints; 1: write every one that is due", ABOVE(0, 1)),
    RUN_KEY(exact_resume, DN_KIND_BOOLEAN, 1, "true",
            "refuse a checkpoint that cannot be continued to the same bytes here: another version, "
            "other instructions or other evaluated images",
            EITHER),
    RUN_KEY(cache_dir, DN_KIND_TEXT, 1, "\"\"",
            "folder of computed features; empty: differnet in the user's cache folder",
            MAY_BE_EMPTY),
    RUN_KEY(cache_limit, DN_KIND_REAL, 1, "20.0",
            "GiB of computed features to keep, the oldest are removed first; 0: keep none",
            CLOSED(0, 1000000)),
    KEY(places, DN_KIND_WORD, 1, "off",
        "detector for places, trained after the flow on the same pictures; gaussian: a Gaussian of "
        "the features of each place",
        ONE_OF("off, gaussian")),
    KEY(places_rotations, DN_KIND_INTEGER, 1, "1",
        "evenly spaced angles at which the detector for places sees each training picture; 4 for "
        "parts that lie at any angle",
        CLOSED(1, 64)),
    KEY(score, DN_KIND_WORD, 1, "paper",
        "score that the verdict of a model with a detector for places uses: the paper's score, "
        "places_score, or both",
        ONE_OF("paper, places, combined")),
    KEY(map, DN_KIND_WORD, 1, "places",
        "maps of a model with a detector for places: its own, or the paper's gradients",
        ONE_OF("places, gradient")),
    KEY(tiles, DN_KIND_TEXT, 1, "off",
        "large pictures: the network sees squares of SIZE pixels cut from the picture, instead of "
        "the whole picture scaled down; auto: where pictures are large enough",
        0, 0, DN_CLOSED, "off, auto, or a side of 64 to 2048"),
    KEY(tile_overlap, DN_KIND_REAL, 1, "0.25", "share of a tile by which it overlaps the next one",
        CLOSED(0, 0.75)),
    KEY(tile_scale, DN_KIND_REAL, 1, "1.0",
        "pixels of a tile for each pixel of the picture: 1 is the picture's own scale, 0.5 halves "
        "it first",
        ABOVE(0, 4)),
    KEY(tile_reduction, DN_KIND_TEXT, 1, "max",
        "how the values of a picture's tiles become its score: the largest, or the mean of the K "
        "largest",
        0, 0, DN_CLOSED, "max, or top: and 1 to 1000"),
    RUN_KEY(report_title, DN_KIND_TEXT, 1, "\"\"",
            "title of report.html; empty: the name of the product", MAY_BE_EMPTY),
    RUN_KEY(report_note, DN_KIND_TEXT, 1, "\"\"",
            "note on the first screen of report.html: who may be asked, for example", MAY_BE_EMPTY),
    RUN_KEY(overlay_footer, DN_KIND_BOOLEAN, 1, "true",
            "write verdict, score, model and legend in a strip below each overlay", EITHER),
    RUN_KEY(group_timeout, DN_KIND_REAL, 1, "1800.0",
            "seconds that one of several processes (mpirun) waits for the others, then all end",
            ABOVE(0, 1000000)),
    RUN_KEY(link, DN_KIND_TEXT, 1, "\"\"",
            "network between machines, 1gbit,1ms: check says what several of them gain", 0, 0,
            DN_CLOSED, "RATE,LATENCY, with gbit or mbit, and s, ms or us; or empty"),
};

_Static_assert(sizeof dn_keys / sizeof *dn_keys == DN_KEY_COUNT, "DN_KEY_COUNT is wrong");

const dn_key *dn_key_find(const char *name) {
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        if (strcmp(dn_keys[i].key.name, name) == 0)
            return &dn_keys[i];
    return NULL;
}

int dn_key_is_text(const dn_key *key) {
    return key->kind == DN_KIND_TEXT || key->kind == DN_KIND_WORD;
}

const char *dn_key_nearest(const char *name) {
    const char *names[DN_KEY_COUNT];
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        names[i] = dn_keys[i].key.name;
    return dn_nearest_name(name, names, DN_KEY_COUNT);
}

const dn_config_key *dn_config_key_at(size_t index) {
    return index < DN_KEY_COUNT ? &dn_keys[index].key : NULL;
}
