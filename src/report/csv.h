/* Cells of a CSV file (RFC 4180). */
#ifndef DN_REPORT_CSV_H
#define DN_REPORT_CSV_H

#include "base/text.h"

/* Quoted where it must be; a text that a spreadsheet would take for a formula gets a ' before it.
 */
void dn_csv_cell(dn_text *text, const char *cell);

/* The same number back when it is read; nothing for one that is not finite. */
void dn_csv_number(dn_text *text, double value);

#endif
