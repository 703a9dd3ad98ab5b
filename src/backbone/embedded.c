#include "backbone/embedded.h"

#include <stdio.h>
#include <string.h>

/* The assembler copies a file into the read-only data. This avoids generated sources of megabytes,
 * and processes share the pages. The build defines the paths. */
#define EMBED(symbol, path)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 64\n"                                                                         \
            ".hidden " #symbol "_begin\n"                                                          \
            ".global " #symbol "_begin\n" #symbol "_begin:\n"                                      \
            ".incbin \"" path "\"\n"                                                               \
            ".hidden " #symbol "_end\n"                                                            \
            ".global " #symbol "_end\n" #symbol "_end:\n"                                          \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const unsigned char symbol##_begin[], symbol##_end[]

EMBED(dn_embedded_alexnet, DN_BACKBONE_ALEXNET);
EMBED(dn_embedded_lite0, DN_BACKBONE_LITE0);

static const struct {
    const dn_network *network;
    const unsigned char *begin, *end;
} embedded[] = {{&dn_alexnet, dn_embedded_alexnet_begin, dn_embedded_alexnet_end},
                {&dn_efficientnet_lite0, dn_embedded_lite0_begin, dn_embedded_lite0_end}};

enum { EMBEDDED = sizeof embedded / sizeof *embedded };

dn_status dn_backbone_embedded_open(const dn_network *network, dn_tensor_file **file,
                                    dn_error *error) {
    *file = NULL;
    for (size_t i = 0; i < EMBEDDED; i++)
        if (embedded[i].network == network)
            /* cppcheck-suppress comparePointers; the assembler puts both into one section */
            return dn_tensor_file_open_memory(DN_BACKBONE_EMBEDDED_NAME, embedded[i].begin,
                                              (size_t)(embedded[i].end - embedded[i].begin), file,
                                              error);
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: no weights of %s are built in (expected: %s or %s)", network->name,
                   embedded[0].network->name, embedded[1].network->name);
}

static dn_status load_embedded(const dn_network *network, dn_backbone_weights *weights,
                               dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_backbone_embedded_open(network, &file, error));
    const char *name = dn_tensor_file_metadata(file, "name");
    dn_status status = dn_backbone_weights_from(
        file, network, "", name ? name : DN_BACKBONE_EMBEDDED_NAME, weights, error);
    dn_tensor_file_close(file);
    return status;
}

/* Whether `choice` is `kind`, alone or with ":NETWORK". */
static int is_kind(const char *choice, const char *kind) {
    size_t length = strlen(kind);
    return strncmp(choice, kind, length) == 0 && (choice[length] == '\0' || choice[length] == ':');
}

int dn_backbone_is_random(const char *choice) {
    return is_kind(choice, DN_BACKBONE_RANDOM);
}

int dn_backbone_is_embedded(const char *choice) {
    return !*choice || is_kind(choice, DN_BACKBONE_EMBEDDED);
}

dn_status dn_backbone_network_of(const char *choice, const dn_network **network, dn_error *error) {
    const char *colon = strchr(choice, ':');
    char known[256];
    *network = colon ? dn_network_find(colon + 1) : &dn_alexnet;
    if (*network)
        return DN_OK;
    dn_network_list(known, sizeof known);
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: \"%.60s\" is not the name of a network (expected: %s)", choice,
                   known);
}

dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error) {
    const dn_network *network;
    *weights = (dn_backbone_weights){0};
    if (!dn_backbone_is_random(choice) && !dn_backbone_is_embedded(choice))
        return dn_backbone_weights_load(choice, weights, error);
    DN_TRY(dn_backbone_network_of(choice, &network, error));
    return dn_backbone_is_random(choice) ? dn_backbone_weights_random(network, weights, error)
                                         : load_embedded(network, weights, error);
}
