/* Levels of a model (image/levels.h): found when it is trained, used for every later picture. The
 * pair stands in its configuration, `levels`; the rest in its metadata. */
#ifndef DN_DETECT_LEVELS_H
#define DN_DETECT_LEVELS_H

#include "base/observer.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "image/levels.h"

/* Of the training pictures, besides the pair. */
typedef struct dn_trained_levels {
    dn_levels_source source; /* DN_LEVELS_NONE: all of 8 bits, or an older model */
    double outside;          /* largest share of a picture's samples beyond the levels */
    int is_mixed;            /* some of the pictures had 8 bits */
} dn_trained_levels;

/* Those of the configuration; `auto`: the range of the sample type. */
dn_levels dn_levels_of(const dn_config *config);

/* The pair as the configuration has it, "589:1816". */
void dn_levels_print(dn_sample_range range, char text[64]);

/* Finds the levels of training pictures, or takes the configuration's, and tells the observer what
 * they are. *range is unknown where all pictures have 8 bits and none are given. DN_ERROR_MEMORY.
 */
dn_status dn_levels_resolve(const dn_config *config, const dn_sample *samples, size_t count,
                            int threads, const dn_observer *observer, dn_sample_range *range,
                            dn_trained_levels *trained, dn_error *error);

/* Metadata of a model: {"source": "found", "outside": 0.0003, "mixed": false}. */
dn_status dn_trained_levels_to_json(const dn_trained_levels *trained, char **json, dn_error *error);
dn_status dn_trained_levels_parse(const char *name, const char *json, dn_trained_levels *trained,
                                  dn_error *error);

enum { DN_DEPTH_WARNING_SIZE = 256 };

/* Whether a picture's depth or range is not what the model was trained on; says what is wrong. A
 * picture that is in no file (depth 0) is never wrong. */
int dn_depth_is_odd(const dn_config *config, const dn_trained_levels *trained,
                    const dn_depth *depth, char text[DN_DEPTH_WARNING_SIZE]);

/* Tells the observer how many pictures of a set are odd in that way, and what the first one is.
 * Only deep pictures are decoded. */
void dn_depth_report(const dn_config *config, const dn_trained_levels *trained,
                     const dn_sample *samples, size_t count, int threads,
                     const dn_observer *observer);

#endif
