/* A class's record, JSON that anybody may have written: what is taken says something possible and
 * survives being written; anything else counts as no record. */
#include "classes/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_class_row row = {.name = "fuzz"};
    const dn_class_record *record = &row.record;
    const dn_class_summary summary = {"fuzz", &row, 1};
    char *text = NULL;
    int taken = dn_class_record_parse((const char *)data, size, &row.record);
    check(taken == (record->state != DN_CLASS_NONE) && record->state < DN_CLASS_STATES);
    check(!record->auroc.defined || (record->auroc.value >= 0 && record->auroc.value <= 1));
    check(record->state != DN_CLASS_DONE || record->results[0] == 'v');
    check(!strchr(record->results, '/') && !strchr(record->message, '\n'));
    for (int json = 0; json < 2; json++) {
        check(dn_class_summary_text(&summary, json, &text, NULL) == DN_OK && text[0] != '\0');
        dn_text_free(text);
    }
    return 0;
}
