#include "backbone/embedded.h"

#include <stdio.h>
#include <string.h>

/* The assembler copies the file into the read-only data. This avoids a generated source of 5 MB,
 * and processes share the pages. The build defines DN_BACKBONE_FILE. */
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        ".hidden dn_backbone_file_begin\n"
        ".global dn_backbone_file_begin\n"
        "dn_backbone_file_begin:\n"
        ".incbin \"" DN_BACKBONE_FILE "\"\n"
        ".hidden dn_backbone_file_end\n"
        ".global dn_backbone_file_end\n"
        "dn_backbone_file_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const unsigned char dn_backbone_file_begin[], dn_backbone_file_end[];

dn_status dn_backbone_embedded_open(dn_tensor_file **file, dn_error *error) {
    /* cppcheck-suppress comparePointers; the assembler puts both into one section */
    size_t size = (size_t)(dn_backbone_file_end - dn_backbone_file_begin);
    return dn_tensor_file_open_memory(DN_BACKBONE_EMBEDDED, dn_backbone_file_begin, size, file,
                                      error);
}

static dn_status load_embedded(dn_backbone_weights *weights, dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_backbone_embedded_open(&file, error));
    const char *name = dn_tensor_file_metadata(file, "name");
    dn_status status = dn_backbone_weights_from(file, &dn_alexnet, "",
                                                name ? name : DN_BACKBONE_EMBEDDED, weights, error);
    dn_tensor_file_close(file);
    return status;
}

int dn_backbone_is_random(const char *choice) {
    static const size_t length = sizeof DN_BACKBONE_RANDOM - 1;
    return strncmp(choice, DN_BACKBONE_RANDOM, length) == 0 &&
           (choice[length] == '\0' || choice[length] == ':');
}

static dn_status draw_random(const char *choice, dn_backbone_weights *weights, dn_error *error) {
    const char *colon = strchr(choice, ':');
    const dn_network *network = colon ? dn_network_find(colon + 1) : &dn_alexnet;
    char known[256];
    if (network)
        return dn_backbone_weights_random(network, weights, error);
    dn_network_list(known, sizeof known);
    *weights = (dn_backbone_weights){0};
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: \"%.60s\" is not the name of a network (expected: %s)", choice,
                   known);
}

dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error) {
    if (!*choice)
        return load_embedded(weights, error);
    if (dn_backbone_is_random(choice))
        return draw_random(choice, weights, error);
    return dn_backbone_weights_load(choice, weights, error);
}
