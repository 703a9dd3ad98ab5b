#include "backbone/embedded.h"

#include <stdio.h>
#include <string.h>

/* The assembler copies the file into the read-only data: no generated source of 5 MB, and processes
 * share its pages. DN_BACKBONE_FILE comes from the build. */
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
    dn_status status = dn_backbone_weights_from(file, "features.",
                                                name ? name : DN_BACKBONE_EMBEDDED, weights, error);
    dn_tensor_file_close(file);
    return status;
}

dn_status dn_backbone_weights_choose(const char *choice, dn_backbone_weights *weights,
                                     dn_error *error) {
    if (!*choice)
        return load_embedded(weights, error);
    if (strcmp(choice, DN_BACKBONE_RANDOM) == 0)
        return dn_backbone_weights_random(weights, error);
    return dn_backbone_weights_load(choice, weights, error);
}
