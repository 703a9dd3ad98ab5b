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
    DN_NETWORK_IMAGE = -1, /* the image, where the number of a step is expected */
    /* TensorFlow's rule: the output has ceil(side / stride) positions. The total padding is
     * max((ceil(side / stride) - 1) stride + kernel - side, 0); the first side gets the smaller
     * half. */
    DN_PADDING_SAME = -1
};

typedef enum dn_step_kind { DN_STEP_CONVOLUTION, DN_STEP_MAX_POOL, DN_STEP_TAP } dn_step_kind;

/* Names in a state_dict. A convolution's tensors are <convolution>.weight and .bias. The tensors of
 * a batch normalisation after it are <norm>.weight, .bias, .running_mean and .running_var; the
 * import folds it into the convolution. */
typedef struct dn_step_name {
    const char *convolution;
    const char *norm; /* NULL: none */
} dn_step_name;

typedef struct dn_network_step {
    dn_step_kind kind;
    /* naming 0 is also the one of our own files; the others are only read at import */
    dn_step_name names[DN_NETWORK_NAMINGS];
    int channels;     /* of the input */
    int out_channels; /* of a convolution */
    int kernel, stride;
    int groups;               /* of a convolution; 0: 1 */
    int padding;              /* on every side; of a convolution also DN_PADDING_SAME */
    dn_activation activation; /* of a convolution */
    int reads;                /* the input is the value `reads` steps back; 0 means 1 */
    int adds;   /* the residual, added before the activation, is `adds` steps back; 0: none */
    int places; /* scales at which a detector for places reads the map of this tap, or the value of
                   this convolution (docs/localization.md); 0: none */
} dn_network_step;

/* A default of a configuration key that differs from the one in the table of keys. */
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
    const char *const *ignored; /* prefixes of tensors that a file may also hold, such as those of
                                   the classifier; NULL-terminated */
    const dn_network_setting *settings;
    int setting_count;
} dn_network;

extern const dn_network dn_alexnet;
extern const dn_network dn_efficientnet_lite0, dn_efficientnet_lite1, dn_efficientnet_lite2;

/* All known networks, AlexNet first; NULL past the last. */
const dn_network *dn_network_at(size_t index);
/* The network of that name, or NULL. */
const dn_network *dn_network_find(const char *name);
/* The names of all known networks, separated by commas, for messages. */
void dn_network_list(char *text, size_t size);

/* DN_ERROR_ARGUMENT if a description contradicts itself or needs more than the passes support: a
 * max-pool must be the only reader of a convolution with a ReLU, and a residual must have as many
 * channels as the value that it is added to. */
dn_status dn_network_check(const dn_network *network, dn_error *error);

/* The step whose value step i reads (or DN_NETWORK_IMAGE), and the step whose value it adds (or
 * DN_NETWORK_IMAGE if there is none). */
int dn_network_source(const dn_network *network, int i);
int dn_network_residual(const dn_network *network, int i);

/* The number of channels of step i's value. */
int dn_network_channels(const dn_network *network, int i);

/* The last step that reads or adds the value of step i (or the image); i if there is none. */
int dn_network_last_use(const dn_network *network, int i);

/* Whether the value of step i is stored in the precision of the calculation: it is if a later
 * convolution reads it, directly or through a pooling, or if a residual is added to it or made of
 * it. All other values are f32. */
int dn_network_is_narrow(const dn_network *network, int i);

/* Whether the value of step i is stored with a sign: if it may be negative, or if it shares its
 * place with a value that may, because a residual has the element of the sum that it joins. */
int dn_network_is_signed(const dn_network *network, int i);

/* The number of features at one scale, which is the channels of all taps, and the number of taps.
 */
int dn_network_features(const dn_network *network);
int dn_network_taps(const dn_network *network);

/* The number of weights of convolution i; of weights and biases of all; and of convolutions. */
size_t dn_network_kernel_count(const dn_network *network, int i);
size_t dn_network_weight_count(const dn_network *network);
int dn_network_convolutions(const dn_network *network);

#endif
