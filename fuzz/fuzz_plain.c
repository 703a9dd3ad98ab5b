/* libFuzzer target for lists of plain folders. Paths are looked up, so only their form is fuzzed.
 */
#include "dataset/plain.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_error error = {0};
    dn_plain plain;
    char title[256], *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    dn_status status = dn_plain_parse(text, &plain, &error);
    if (status != error.status || (status == DN_OK && plain.count == 0))
        abort();
    dn_plain_free(&plain);
    dn_dataset_title(text, title, sizeof title);
    if (!title[0])
        abort();
    free(text);
    return 0;
}
