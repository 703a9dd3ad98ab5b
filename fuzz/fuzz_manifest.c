/* libFuzzer target for the manifest reader. */
#include "dataset/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_error error = {0};
    dn_manifest manifest;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    dn_status status = dn_manifest_parse("fuzz.csv", text, size, &manifest, &error);
    if (status != error.status)
        abort();
    for (size_t i = 0; i < manifest.count; i++) {
        const dn_manifest_row *row = &manifest.rows[i];
        const char *end = text + size;
        if (row->image_path < text || row->image_path + strlen(row->image_path) > end ||
            row->image_path[0] == '\0' || row->split >= DN_SPLITS || row->label < 0 ||
            row->label > 1)
            abort();
        if (row->mask_path && row->mask_path + strlen(row->mask_path) > end)
            abort();
    }
    dn_manifest_destroy(&manifest);
    free(text);
    return 0;
}
