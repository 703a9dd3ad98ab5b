/* Configurations of tests that train. */
#ifndef DN_TESTS_SETTINGS_H
#define DN_TESTS_SETTINGS_H

#include "support/support.h"

/* Sets `count` pairs of key and value; one that is refused ends the test. */
void settings_put(dn_config *config, const char *const (*pairs)[2], size_t count);

/* Data set, results and cache are the folders data, results and cache in `folder`. */
void settings_in(dn_config *config, const char *folder);

#endif
