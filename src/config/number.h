/* Numbers as text: independent of the locale, and exact both ways. */
#ifndef DN_CONFIG_NUMBER_H
#define DN_CONFIG_NUMBER_H

#include "base/error.h"

#define DN_NUMBER_SIZE 32

/* The shortest of %.15g, %.16g and %.17g that reads back as `value`. */
void dn_number_print(char text[DN_NUMBER_SIZE], double value);

/* With a fixed number of decimals, for people. */
void dn_number_print_fixed(char text[DN_NUMBER_SIZE], double value, int decimals);

/* A finite score for people, the same wherever one is shown: five significant digits, none of them
 * a zero that says nothing; all digits where it is very large or small. */
void dn_number_print_score(char text[DN_NUMBER_SIZE], double score);

/* 1 and a finite *value when the whole text is a decimal number ("-2", "0.5", "2e-4"), else 0. */
int dn_number_read(const char *text, double *value);

/* 1 when the whole text is decimal digits that fit, for *value; a sign is taken by
 * dn_integer_read. */
int dn_unsigned_read(const char *text, uint64_t *value);
int dn_integer_read(const char *text, int *value);

#endif
