/* The configuration: one table of keys (config/keys.c) makes parser, defaults, help and YAML. */
#ifndef DN_CONFIG_CONFIG_H
#define DN_CONFIG_CONFIG_H

#include "base/error.h"

/* Test and training code read the fields; only config/ writes them, within the ranges of the table.
 */
struct dn_config {
    /* data */
    char dataset_path[1024], class_name[256], modelname[256];
    char roi[1024];  /* mask of what counts; empty: the class folder's roi/; none */
    int img_size[2]; /* height, width in pixels */
    /* transformations */
    int transf_rotations; /* boolean */
    double transf_brightness, transf_contrast, transf_saturation;
    double norm_mean[3], norm_std[3];
    double add_img_noise; /* standard deviation of noise on normalised training pixels */
    char levels[64];      /* "auto", or BLACK:WHITE: dn_config_levels */
    /* network */
    int n_scales;
    double clamp_alpha;
    int n_coupling_blocks, fc_internal;
    double dropout, lr_init;
    /* schedule */
    int n_transforms, n_transforms_test, batch_size, meta_epochs, sub_epochs;
    char train_rotations[16]; /* "random" or "bank:N": dn_config_bank */
    /* verdict */
    double target_tpr;
    double false_reject_rate, review_rate; /* of good images */
    char threshold_rule[16];               /* conformal, target_tpr, f1_max, youden */
    double val_fraction;                   /* of the training images, held out */
    int cross_fit;                         /* folds; 0: none */
    /* output */
    int verbose, grad_map_viz, hide_tqdm_bar, save_model; /* booleans */
    /* ours */
    char device[16];     /* auto, cpu, cuda */
    char compute[16];    /* auto, onednn, reference */
    char precision[16];  /* auto, f32, bf16, int8 */
    char backbone[1024]; /* weights file; empty: the embedded backbone */
    char output[1024];   /* folder of results */
    int estimate;        /* boolean: say what a training will take */
    int threads;         /* 0: all processors */
    uint64_t seed;
    int early_stop; /* meta epochs; 0: off */
    double early_stop_delta;
    int checkpoint;          /* meta epochs from one to the next; 0: none */
    double checkpoint_share; /* of the time; 1: all that are due */
    char cache_dir[1024];    /* of features; empty: the user's cache folder */
    double cache_limit;      /* GiB; 0: no cache */
};

/* Checks what concerns several keys at once (scales against image size, features even, ...). */
dn_status dn_config_check(const dn_config *config, dn_error *error);

/* Rotations per image that training draws from; 0: fresh ones every time. */
int dn_config_bank(const dn_config *config);

/* Sample values that become black and white in pictures deeper than 8 bits: returns 1 and both, 0
 * for `auto` (they are found in training), -1 for a value that is neither. */
int dn_config_levels(const dn_config *config, double *black, double *white);

/* A configuration with another's values. */
dn_status dn_config_copy(const dn_config *config, dn_config **copy, dn_error *error);

/* As dn_config_load, from YAML text; `name` is what messages call it. */
dn_status dn_config_parse(dn_config *config, const char *name, const char *yaml, size_t size,
                          dn_error *error);

#endif
