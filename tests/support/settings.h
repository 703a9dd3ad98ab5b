/* Configurations of tests that train. */
#ifndef DN_TESTS_SETTINGS_H
#define DN_TESTS_SETTINGS_H

#include "support/support.h"

/* Sets `count` pairs of key and YAML value; a refusal fails the test. */
void settings_put(dn_config *config, const char *const (*pairs)[2], size_t count);

/* Sets the folders of data set, results and cache to data, results and cache below `folder`. */
void settings_in(dn_config *config, const char *folder);

/* A configuration with such pairs and folders; dn_config_destroy. */
dn_config *settings_create(const char *folder, const char *const (*pairs)[2], size_t count);

#endif
