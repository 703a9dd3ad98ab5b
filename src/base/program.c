#include "base/program.h"

#include "differnet.h"

#include <stdio.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#if defined(__clang__) || !defined(__GNUC__)
#define COMPILER __VERSION__ /* Clang's text begins with its name */
#else
#define COMPILER "gcc " __VERSION__
#endif

void dn_describe_program(char text[DN_PROGRAM_TEXT]) {
#ifdef __GLIBC__
    const char *library = ", glibc ", *version = gnu_get_libc_version();
#else
    const char *library = "", *version = "";
#endif
    snprintf(text, DN_PROGRAM_TEXT, "differnet %s, " COMPILER "%s%s", dn_version(), library,
             version);
}
