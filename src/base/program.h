/* Which program this is: another one may round otherwise. */
#ifndef DN_BASE_PROGRAM_H
#define DN_BASE_PROGRAM_H

enum { DN_PROGRAM_TEXT = 160 };

/* Version, compiler and C library: "differnet 0.1.0, gcc 12.2.0, glibc 2.36". */
void dn_describe_program(char text[DN_PROGRAM_TEXT]);

#endif
