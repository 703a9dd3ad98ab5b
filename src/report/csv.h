/* Cells of a CSV file (RFC 4180). */
#ifndef DN_REPORT_CSV_H
#define DN_REPORT_CSV_H

#include "base/text.h"

/* Quoted if necessary. A ' is put before text that a spreadsheet would take for a formula. */
void dn_csv_cell(dn_text *text, const char *cell);

/* Reads back as the same number; empty if it is not finite. */
void dn_csv_number(dn_text *text, double value);

#endif
