/* How long OpenMP's threads spin before they sleep. */
#ifndef DN_CLI_OPENMP_SPIN_H
#define DN_CLI_OPENMP_SPIN_H

/* A waiting thread of libgomp spins for milliseconds before it sleeps. As soon as another program
 * needs the processors, that costs a multiple of the work itself (docs/performance.md). libgomp
 * reads the setting from the environment while the program is loaded, so this sets it and executes
 * the program again. Does nothing if the user has set a policy, or if it fails. */
void dn_shorten_openmp_spin(char *const *words);

#endif
