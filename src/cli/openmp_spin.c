#include "cli/openmp_spin.h"

#include <stdlib.h>
#include <unistd.h>

static const char *const SPINS = "2000";

void dn_shorten_openmp_spin(char *const *words) {
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
        return;
    /* By path: /proc/self/exe itself would be the name that ps shows. */
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0 || setenv("GOMP_SPINCOUNT", SPINS, 0) != 0)
        return;
    program[length] = '\0';
    execv(program, words);
}
