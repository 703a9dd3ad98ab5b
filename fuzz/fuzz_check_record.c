/* A picture's record in a part of `check`: what is taken says something possible and survives being
 * written. */
#include "base/memory.h"
#include "check/share.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

static char *print(const dn_record *record) {
    dn_text text = {0};
    char *printed = NULL;
    dn_check_record_print(record, &text);
    check(dn_text_take(&text, &printed, NULL) == DN_OK);
    return printed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    void *block;
    dn_record record, again;
    check(dn_allocate(&block, size + 1, 1, NULL) == DN_OK);
    if (size > 0)
        memcpy(block, data, size);
    dn_status status = dn_check_record_parse(block, &record, NULL);
    check(status == DN_OK || status == DN_ERROR_FORMAT);
    if (status == DN_OK) {
        char *first = print(&record);
        check(record.width >= 0 && record.mask <= DN_MASK_GREY);
        check(dn_check_record_parse(first, &again, NULL) == DN_OK);
        char *second = print(&again);
        check(strcmp(first, second) == 0);
        dn_text_free(first);
        dn_text_free(second);
        dn_record_clear(&again);
    }
    dn_record_clear(&record);
    dn_release(block);
    return 0;
}
