/* How the reading of a check's pictures is shared among processes, and a picture's record as it
 * travels between them. */
#ifndef DN_CHECK_SHARE_H
#define DN_CHECK_SHARE_H

#include "base/share.h"
#include "base/text.h"
#include "check/record.h"

/* Of the pictures of all classes, numbered one after the other. All zeros: this process reads all.
 */
struct dn_check_share {
    dn_share share;
    int reads_nothing; /* `exchange` has all records */
    int ends_early;    /* there are no findings: others make them */
    /* After this process has read its pictures of a class, of which the first has number `first`:
     * fills in the records of the others. NULL: there are none. */
    dn_status (*exchange)(void *user, const dn_dataset *dataset, size_t first, dn_record *records,
                          dn_error *error);
    void *user;
};

/* Appends a record: numbers with blanks between, then three lines of text. */
void dn_check_record_print(const dn_record *record, dn_text *text);

/* Reads what dn_check_record_print wrote, from bytes that anybody may have written; dn_record_clear
 * frees it. DN_ERROR_FORMAT if it is no record. */
dn_status dn_check_record_parse(const char *text, dn_record *record, dn_error *error);

#endif
