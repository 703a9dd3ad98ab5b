/* The configuration. One table of keys (config/keys.c) drives parser, defaults, help and YAML. */
#ifndef DN_CONFIG_CONFIG_H
#define DN_CONFIG_CONFIG_H

#include "base/error.h"

/* Other rooms read the fields; only config/ writes them, within the ranges of the table. */
enum { DN_CONFIG_MOST_KEYS = 128 };

struct dn_config {
    /* by the key's number in the table: whether it was set by name or in a file */
    unsigned char given[DN_CONFIG_MOST_KEYS];
    /* data */
    char dataset_path[4096], class_name[256], modelname[256];
    char roi[1024];  /* mask of the region of interest; empty: the class folder's roi/; or none */
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
    char lr_schedule[16]; /* constant, cosine */
    /* schedule */
    int n_transforms, n_transforms_test, batch_size, meta_epochs, sub_epochs;
    char train_rotations[16];    /* "random", "bank:N" or "even:N": dn_config_bank */
    char rotation_reduction[16]; /* mean, median, log_mean: dn_reduction_of */
    /* verdict */
    double target_tpr;
    double false_reject_rate, review_rate; /* of good images */
    double low_rate;                       /* of good images; 0: no score is too low */
    char threshold_rule[16];               /* conformal, target_tpr, f1_max, youden */
    double val_fraction;                   /* of the training images, held out */
    int cross_fit;                         /* folds; 0: none */
    /* output */
    int verbose, grad_map_viz, hide_tqdm_bar, save_model; /* booleans */
    /* not in the original */
    char device[16];      /* auto, cpu, cuda */
    char compute[16];     /* auto, onednn, portable, reference */
    char precision[16];   /* auto, f32, bf16, int8 */
    char backbone[1024];  /* weights file; empty: the embedded AlexNet; embedded[:NETWORK];
                             random[:NETWORK] */
    char output[1024];    /* folder of results */
    int estimate;         /* boolean: estimate what the training takes */
    int advise_rotations; /* boolean: say how many rotations a score needs */
    int threads;          /* 0: all processors */
    uint64_t seed;
    int early_stop; /* meta epochs; 0: off */
    double early_stop_delta;
    int checkpoint;          /* meta epochs between two; 0: none */
    double checkpoint_share; /* of the time; 1: every checkpoint that is due is written */
    int exact_resume;        /* boolean */
    char cache_dir[1024];    /* of features; empty: the user's cache folder */
    double cache_limit;      /* GiB; 0: no cache */
    /* detection beyond the paper */
    char places[16]; /* off, gaussian: a detector for places */
    int places_rotations;
    char score[16]; /* paper, places, combined: what the verdict is about */
    char map[16];   /* places, gradient */
    /* large pictures (detect/tiles/grid.h) */
    char tiles[16];          /* off, auto, or a side in pixels: dn_config_tiles */
    double tile_overlap;     /* of a tile's side */
    double tile_scale;       /* pixels of the network's input for a pixel of the picture */
    char tile_reduction[16]; /* max, or top:K */
    /* what people are shown */
    char report_title[256]; /* of report.html; empty: the product's name */
    char report_note[1024]; /* on its first screen: who may be asked */
    int overlay_footer;     /* boolean: overlays have a strip with verdict, score and model */
    /* several processes */
    double group_timeout;   /* seconds */
    char link[64];          /* between machines (config/link.h); empty: not known */
    struct dn_group *group; /* no key: dn_config_share; NULL: one process */
};

/* Checks keys against each other, such as precision against noise. Checks that involve the network
 * are in detect/network_settings.h. */
dn_status dn_config_check(const dn_config *config, dn_error *error);

/* Another default: sets the key unless it was set by name or in a file. */
dn_status dn_config_default(dn_config *config, const char *name, const char *value,
                            dn_error *error);

/* Whether the key was set by name or in a file. */
int dn_config_is_given(const dn_config *config, const char *name);

/* Rotations of each image that training draws from; 0: fresh rotations every time. */
int dn_config_bank(const dn_config *config);

/* Whether these are the evenly spaced rotations that are tested ("even:N"). */
int dn_config_trains_evenly(const dn_config *config);

/* What `tiles` says: the side of a tile, 0 for off, DN_TILES_AUTO, or -1 for anything else. */
enum { DN_TILES_AUTO = 1 };
int dn_config_tiles(const dn_config *config);

/* Of a picture's tiles, those with the largest values whose mean is its score: K of "top:K", 1 for
 * "max", -1 for anything else. */
int dn_config_tile_top(const dn_config *config);

/* 1 where a test at so many rotations shows angles that a training at even:N never showed; `text`
 * then says so. */
enum { DN_ANGLES_TEXT = 256 };
int dn_config_misses_angles(const dn_config *config, int rotations, char text[DN_ANGLES_TEXT]);

/* Sample values that become black and white in images deeper than 8 bits. Returns 1 and sets both,
 * 0 for `auto` (training finds them), -1 for any other value. */
int dn_config_levels(const dn_config *config, double *black, double *white);

/* A copy of a configuration. */
dn_status dn_config_copy(const dn_config *config, dn_config **copy, dn_error *error);

/* The keys that a model's numbers depend on (DN_KEY_OF_MODEL), as dn_config_to_yaml prints them:
 * the configuration that stands in a model file. Free with dn_text_free. */
dn_status dn_config_to_model_yaml(const dn_config *config, char **yaml, dn_error *error);

/* The name of the first of those keys whose values differ, or NULL. */
const char *dn_config_model_difference(const dn_config *a, const dn_config *b);

/* The same, from key `*index` on, which moves behind the key that is found. */
const char *dn_config_next_difference(const dn_config *a, const dn_config *b, size_t *index);

/* Copies all other keys, those of the run (DN_KEY_OF_RUN). */
void dn_config_take_run(dn_config *config, const dn_config *from);

/* As dn_config_load, but from YAML text; messages call it `name`. */
dn_status dn_config_parse(dn_config *config, const char *name, const char *yaml, size_t size,
                          dn_error *error);

#endif
