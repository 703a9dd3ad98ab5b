/* A picture's features in a part: what is taken lies within the bytes. */
#include "api/parts/features_in_parts.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_feature_item item;
    const char *bytes = (const char *)data;
    if (!dn_feature_item_parse(bytes, size, &item) || !item.is_readable)
        return 0;
    check(item.rows > 0 && item.float_count % item.rows == 0);
    check(item.floats >= bytes && item.floats + item.float_count * sizeof(float) == bytes + size);
    check(item.width >= 0 && item.width <= DN_IMAGE_MAX_SIDE && item.height >= 0);
    return 0;
}
