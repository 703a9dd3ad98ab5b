/* The results tree: <output>/DifferNet/<dataset>/<class>/v<N>/ and the text file `latest` beside
 * it. */
#ifndef DN_API_RESULTS_H
#define DN_API_RESULTS_H

#include "config/config.h"

typedef struct dn_results {
    char parent[1024];    /* <output>/DifferNet/<dataset>/<class> */
    char directory[1024]; /* parent/v<N> */
    char version[16];     /* v<N> */
} dn_results;

/* The folder of a data set's results, <output>/DifferNet/<dataset>, and that of a class in it. */
dn_status dn_results_of_dataset(const dn_config *config, char *folder, size_t size,
                                dn_error *error);
dn_status dn_results_of_class(const dn_config *config, char *folder, size_t size, dn_error *error);

/* Creates the next free v<N>; two trainings at once get different ones. */
dn_status dn_results_create(const dn_config *config, dn_results *results, dn_error *error);

/* The folder of a training to resume: `directory`; or, where that is NULL, the newest folder of the
 * configuration's class that holds a file named `mark`. */
dn_status dn_results_resume(const dn_config *config, const char *directory, const char *mark,
                            dn_results *results, dn_error *error);

/* Makes `latest` name this version: call it when the results are complete. */
dn_status dn_results_publish(const dn_results *results, dn_error *error);

#endif
