/* torchvision.models.alexnet().features, the paper's backbone. */
#include "backbone/network.h"

/* Initialisers, not expressions: NOLINTBEGIN(bugprone-macro-parentheses) */
#define MEMBERS(index, in, out, size, step, pad)                                                   \
    .names = {{.convolution = index}}, .channels = in, .out_channels = out, .kernel = size,        \
    .stride = step, .padding = pad, .activation = DN_ACTIVATION_RELU
#define CONVOLUTION(...)                                                                           \
    { MEMBERS(__VA_ARGS__) }
/* Read by a detector for places: the pooling after it would leave a stride of 32. */
#define PLACES(...)                                                                                \
    { MEMBERS(__VA_ARGS__), .places = 1 }
#define MAX_POOL(count)                                                                            \
    { .kind = DN_STEP_MAX_POOL, .channels = count, .kernel = 3, .stride = 2 }
/* NOLINTEND(bugprone-macro-parentheses) */

static const dn_network_step steps[] = {
    CONVOLUTION("0", 3, 64, 11, 4, 2),      MAX_POOL(64),
    CONVOLUTION("3", 64, 192, 5, 1, 2),     MAX_POOL(192),
    CONVOLUTION("6", 192, 384, 3, 1, 1),    CONVOLUTION("8", 384, 256, 3, 1, 1),
    PLACES("10", 256, 256, 3, 1, 1),        MAX_POOL(256),
    {.kind = DN_STEP_TAP, .channels = 256},
};

static const char *const ignored[] = {"classifier.", NULL};

const dn_network dn_alexnet = {
    .name = "alexnet",
    .title = "AlexNet",
    .stem = "features.",
    .steps = steps,
    .step_count = sizeof steps / sizeof *steps,
    .least_side = 63, /* leaves one position after the last pooling, 62 none */
    .ignored = ignored,
};
