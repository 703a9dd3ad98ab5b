/* How OpenMP's threads wait for each other. */
#ifndef DN_CLI_WAITING_H
#define DN_CLI_WAITING_H

/* libgomp's threads spin for milliseconds before they sleep, which costs a multiple of the work
 * itself as soon as another program wants the processors (docs/performance.md). Its one setting is
 * an environment variable that it reads while the program is loaded, so this starts the program
 * once more with a shorter spin. Does nothing where the user has set a policy, or when it cannot.
 */
void dn_shorten_waiting(char *const *words);

#endif
