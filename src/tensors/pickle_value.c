#include "tensors/pickle.h"

#include <string.h>

int dn_pickle_is_text(const dn_pickle_value *value, const char *text) {
    return value->kind == DN_PICKLE_TEXT && value->length == strlen(text) &&
           memcmp(value->bytes, text, value->length) == 0;
}

const char *dn_pickle_kind_name(dn_pickle_kind kind) {
    static const char *const names[] = {
        [DN_PICKLE_ABSENT] = "nothing",     [DN_PICKLE_NONE] = "None",
        [DN_PICKLE_BOOL] = "a truth value", [DN_PICKLE_INTEGER] = "a number",
        [DN_PICKLE_LONG] = "a number",      [DN_PICKLE_REAL] = "a number",
        [DN_PICKLE_TEXT] = "a text",        [DN_PICKLE_GLOBAL] = "a class",
        [DN_PICKLE_TUPLE] = "a tuple",      [DN_PICKLE_LIST] = "a list",
        [DN_PICKLE_DICT] = "a dictionary",  [DN_PICKLE_STORAGE] = "a storage",
        [DN_PICKLE_TENSOR] = "a tensor",
    };
    return names[kind];
}
