/*
 * EfficientNet-Lite 0, 1 and 2 (Tan and Le, 2019; Google's variant for integer hardware: ReLU6, no
 * squeeze-and-excitation) up to the last stage, without the classifier's head.
 *
 * The stages are those of EfficientNet-B0 (channels 16, 24, 40, 80, 112, 192, 320; blocks 1, 2, 2,
 * 3, 3, 4, 1), channels times the width rounded to a multiple of 8, blocks times the depth rounded
 * up, for width / depth of 1.0/1.0, 1.0/1.1 and 1.1/1.2. Stem, first and last stage keep their
 * size. Every padding is TensorFlow's SAME.
 *
 * Namings: timm's tf_efficientnet_lite0, ..., and that of EfficientNet-PyTorch, which Python
 * packages of the weights use.
 */
#include "backbone/network.h"

/* Initialisers, not expressions: NOLINTBEGIN(bugprone-macro-parentheses) */
#define CONVOLUTION(name, norm, other, other_norm, in, out, size, step, count, act)                \
    .names = {{name, norm}, {other, other_norm}}, .channels = in, .out_channels = out,             \
    .kernel = size, .stride = step, .groups = count, .padding = DN_PADDING_SAME,                   \
    .activation = DN_ACTIVATION_##act

#define STEM                                                                                       \
    { CONVOLUTION("conv_stem", "bn1", "_conv_stem", "_bn0", 3, 32, 3, 2, 1, RELU6) }

/* The first block: nothing to expand. */
#define SEPARABLE(stage, block, in, out)                                                           \
    {CONVOLUTION(stage ".conv_dw", stage ".bn1", block "._depthwise_conv", block "._bn1", in, in,  \
                 3, 1, in, RELU6)},                                                                \
    {                                                                                              \
        CONVOLUTION(stage ".conv_pw", stage ".bn2", block "._project_conv", block "._bn2", in,     \
                    out, 1, 1, 1, NONE)                                                            \
    }

/* An inverted residual: expands the channels by 6, convolves each channel, projects. */
#define EXPANDED(stage, block, in, size, step)                                                     \
    {CONVOLUTION(stage ".conv_pw", stage ".bn1", block "._expand_conv", block "._bn0", in,         \
                 6 * (in), 1, 1, 1, RELU6)},                                                       \
    {                                                                                              \
        CONVOLUTION(stage ".conv_dw", stage ".bn2", block "._depthwise_conv", block "._bn1",       \
                    6 * (in), 6 * (in), size, step, 6 * (in), RELU6)                               \
    }
#define PROJECTED(stage, block, in, out)                                                           \
    CONVOLUTION(stage ".conv_pwl", stage ".bn3", block "._project_conv", block "._bn2", 6 * (in),  \
                out, 1, 1, 1, NONE)

/* The first block of a stage, and a further one, which adds its input. */
#define BLOCK(stage, block, in, out, size, step)                                                   \
    EXPANDED("blocks." stage, "_blocks." block, in, size, step), {                                 \
        PROJECTED("blocks." stage, "_blocks." block, in, out)                                      \
    }
#define REPEAT(stage, block, in, size)                                                             \
    EXPANDED("blocks." stage, "_blocks." block, in, size, 1), {                                    \
        PROJECTED("blocks." stage, "_blocks." block, in, in), .adds = 3                            \
    }

#define TAP(count)                                                                                 \
    { .kind = DN_STEP_TAP, .channels = count }
/* Read by a detector for places, too. */
#define PLACES_TAP(count)                                                                          \
    { .kind = DN_STEP_TAP, .channels = count, .places = 1 }

static const dn_network_step lite0[] = {
    STEM,
    SEPARABLE("blocks.0.0", "_blocks.0", 32, 16),
    BLOCK("1.0", "1", 16, 24, 3, 2),
    REPEAT("1.1", "2", 24, 3),
    TAP(24), /* stride 4 */
    BLOCK("2.0", "3", 24, 40, 5, 2),
    REPEAT("2.1", "4", 40, 5),
    PLACES_TAP(40), /* stride 8 */
    BLOCK("3.0", "5", 40, 80, 3, 2),
    REPEAT("3.1", "6", 80, 3),
    REPEAT("3.2", "7", 80, 3),
    BLOCK("4.0", "8", 80, 112, 5, 1),
    REPEAT("4.1", "9", 112, 5),
    REPEAT("4.2", "10", 112, 5),
    PLACES_TAP(112), /* stride 16 */
    BLOCK("5.0", "11", 112, 192, 5, 2),
    REPEAT("5.1", "12", 192, 5),
    REPEAT("5.2", "13", 192, 5),
    REPEAT("5.3", "14", 192, 5),
    BLOCK("6.0", "15", 192, 320, 3, 1),
    TAP(320), /* stride 32 */
};

static const dn_network_step lite1[] = {
    STEM,
    SEPARABLE("blocks.0.0", "_blocks.0", 32, 16),
    BLOCK("1.0", "1", 16, 24, 3, 2),
    REPEAT("1.1", "2", 24, 3),
    REPEAT("1.2", "3", 24, 3),
    TAP(24),
    BLOCK("2.0", "4", 24, 40, 5, 2),
    REPEAT("2.1", "5", 40, 5),
    REPEAT("2.2", "6", 40, 5),
    PLACES_TAP(40),
    BLOCK("3.0", "7", 40, 80, 3, 2),
    REPEAT("3.1", "8", 80, 3),
    REPEAT("3.2", "9", 80, 3),
    REPEAT("3.3", "10", 80, 3),
    BLOCK("4.0", "11", 80, 112, 5, 1),
    REPEAT("4.1", "12", 112, 5),
    REPEAT("4.2", "13", 112, 5),
    REPEAT("4.3", "14", 112, 5),
    PLACES_TAP(112),
    BLOCK("5.0", "15", 112, 192, 5, 2),
    REPEAT("5.1", "16", 192, 5),
    REPEAT("5.2", "17", 192, 5),
    REPEAT("5.3", "18", 192, 5),
    REPEAT("5.4", "19", 192, 5),
    BLOCK("6.0", "20", 192, 320, 3, 1),
    TAP(320),
};

static const dn_network_step lite2[] = {
    STEM,
    SEPARABLE("blocks.0.0", "_blocks.0", 32, 16),
    BLOCK("1.0", "1", 16, 24, 3, 2),
    REPEAT("1.1", "2", 24, 3),
    REPEAT("1.2", "3", 24, 3),
    TAP(24),
    BLOCK("2.0", "4", 24, 48, 5, 2),
    REPEAT("2.1", "5", 48, 5),
    REPEAT("2.2", "6", 48, 5),
    PLACES_TAP(48),
    BLOCK("3.0", "7", 48, 88, 3, 2),
    REPEAT("3.1", "8", 88, 3),
    REPEAT("3.2", "9", 88, 3),
    REPEAT("3.3", "10", 88, 3),
    BLOCK("4.0", "11", 88, 120, 5, 1),
    REPEAT("4.1", "12", 120, 5),
    REPEAT("4.2", "13", 120, 5),
    REPEAT("4.3", "14", 120, 5),
    PLACES_TAP(120),
    BLOCK("5.0", "15", 120, 208, 5, 2),
    REPEAT("5.1", "16", 208, 5),
    REPEAT("5.2", "17", 208, 5),
    REPEAT("5.3", "18", 208, 5),
    REPEAT("5.4", "19", 208, 5),
    BLOCK("6.0", "20", 208, 352, 3, 1),
    TAP(352),
};

static const char *const ignored[] = {"conv_head.", "bn2.", "classifier.", "_conv_head.",
                                      "_bn1.",      "_fc.", NULL};

/* The networks were trained on (p - 127) / 128 of pixels p, which is (p/255 - mean) / std. */
static const dn_network_setting settings[] = {
    {"norm_mean", "[0.4980392156862745, 0.4980392156862745, 0.4980392156862745]"},
    {"norm_std", "[0.50196078431372548, 0.50196078431372548, 0.50196078431372548]"},
    {"n_scales", "2"},
    /* Chosen on aitex_03 and ksdd, reported on the others (docs/backbones.md). */
    {"fc_internal", "512"},
    {"lr_init", "0.001"},
    {"lr_schedule", "cosine"},
    {"meta_epochs", "8"},
    {"n_transforms_test", "8"},
    {"train_rotations", "even:8"},
    /* Chosen likewise (docs/localization.md). */
    {"places", "gaussian"},
    {"score", "combined"},
};

#define NETWORK(number, list)                                                                      \
    {                                                                                              \
        .name = "efficientnet-lite" number, .title = "EfficientNet-Lite" number, .stem = "",       \
        .steps = list, .step_count = sizeof(list) / sizeof *(list), .least_side = 32,              \
        .norm_epsilon = 1e-3, .ignored = ignored, .settings = settings,                            \
        .setting_count = sizeof settings / sizeof *settings                                        \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

const dn_network dn_efficientnet_lite0 = NETWORK("0", lite0);
const dn_network dn_efficientnet_lite1 = NETWORK("1", lite1);
const dn_network dn_efficientnet_lite2 = NETWORK("2", lite2);
