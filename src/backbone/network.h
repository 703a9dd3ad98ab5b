/*
 * A network as data: a list of steps that planner, forward and backward pass, exporter and importer
 * walk. A further network is one more description (docs/backbones.md). All descriptions are const;
 * every function here is thread-safe.
 *
 * Each step makes one value, a map [height][width][channels], from the value of an earlier step;
 * the first step reads the image. A tap makes no value: it puts the spatial mean of the map it
 * reads into the features, tap after tap.
 */
#ifndef DN_BACKBONE_NETWORK_H
#define DN_BACKBONE_NETWORK_H

#include "compute/compute.h"

enum {
    DN_NETWORK_MOST_STEPS = 128,
    DN_NETWORK_NAMINGS = 2,
    DN_NETWORK_IMAGE = -1, /* in the place of a step: the image itself */
    /* TensorFlow's rule: the output has ceil(side / stride) positions; of the padding that this
     * takes, max((ceil(side / stride) - 1) stride + kernel - side, 0), the smaller half comes
     * first. */
    DN_PADDING_SAME = -1
};

typedef enum dn_step_kind { DN_STEP_CONVOLUTION, DN_STEP_MAX_POOL, DN_STEP_TAP } dn_step_kind;

/* A convolution's tensors in a state_dict are <convolution>.weight and .bias. Where a batch
 * normalisation follows it there, its tensors are <norm>.weight, .bias, .running_mean and
 * .running_var; it is folded into the convolution at import. */
typedef struct dn_step_name {
    const char *convolution;
    const char *norm; /* NULL: none */
} dn_step_name;

typedef struct dn_network_step {
    dn_step_kind kind;
    /* naming 0 is the one that we write; the others are read at import alone */
    dn_step_name names[DN_NETWORK_NAMINGS];
    int channels;     /* that it reads */
    int out_channels; /* of a convolution */
    int kernel, stride;
    int groups;               /* of a convolution; 0: 1 */
    int padding;              /* on every side; of a convolution also DN_PADDING_SAME */
    dn_activation activation; /* of a convolution */
    int reads;                /* so many steps back is the value that it reads; 0: one */
    int adds; /* so many steps back is the value added before the activation; 0: none */
} dn_network_step;

/* A configuration key's default with this network, where it is not that of the table of keys. */
typedef struct dn_network_setting {
    const char *key, *value;
} dn_network_setting;

typedef struct dn_network {
    const char *name;  /* in model files and messages */
    const char *title; /* for people */
    const char *stem;  /* before the names of naming 0, as in PyTorch's state_dict */
    const dn_network_step *steps;
    int step_count;
    int least_side; /* of an image, in pixels, at the smallest scale */
    double norm_epsilon;
    const char *const *ignored; /* beginnings of the names of tensors that a file may hold beside
                                   those of the steps; NULL-terminated */
    const dn_network_setting *settings;
    int setting_count;
} dn_network;

extern const dn_network dn_alexnet;
extern const dn_network dn_efficientnet_lite0, dn_efficientnet_lite1, dn_efficientnet_lite2;

/* All networks that a file may name, AlexNet first; NULL past the last. */
const dn_network *dn_network_at(size_t index);
/* NULL where there is none of that name. */
const dn_network *dn_network_find(const char *name);
/* The names of all, "alexnet, ...", for messages. */
void dn_network_list(char *text, size_t size);

/* DN_ERROR_ARGUMENT says where a description contradicts itself or asks for what the passes cannot
 * do: a max-pool has to be the only reader of a convolution with a ReLU; a residual has the shape
 * of what it is added to. */
dn_status dn_network_check(const dn_network *network, dn_error *error);

/* The step whose value step i reads, and the one whose value it adds (DN_NETWORK_IMAGE: none). */
int dn_network_source(const dn_network *network, int i);
int dn_network_residual(const dn_network *network, int i);

/* Channels of step i's value. */
int dn_network_channels(const dn_network *network, int i);

/* The last step that reads or adds the value of step i (or of the image), i itself where none does.
 */
int dn_network_last_use(const dn_network *network, int i);

/* Whether step i is a convolution whose value a later convolution reads, directly or pooled, or
 * that adds a residual: its value is then kept in the precision of the calculation, others in f32.
 */
int dn_network_is_narrow(const dn_network *network, int i);

/* Whether the value of step i may be negative, or shares its place with one that may: a residual
 * has the same element as what it is added to. */
int dn_network_is_signed(const dn_network *network, int i);

/* Features of an image at one scale: the channels of all taps. */
int dn_network_features(const dn_network *network);
int dn_network_taps(const dn_network *network);

/* Numbers in the weight and in the bias of convolution i, and in all of them. */
size_t dn_network_kernel_count(const dn_network *network, int i);
size_t dn_network_weight_count(const dn_network *network);
int dn_network_convolutions(const dn_network *network);

#endif
