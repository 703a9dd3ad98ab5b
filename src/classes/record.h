/* What the last training of a class came to, and what it was made of: the file class.json in the
 * class's folder of results. A run over many classes reads it to see what is finished and
 * unchanged. */
#ifndef DN_CLASSES_RECORD_H
#define DN_CLASSES_RECORD_H

#include "base/digest.h"
#include "base/error.h"

#define DN_CLASS_RECORD_NAME "class.json"

typedef enum dn_class_state {
    DN_CLASS_NONE, /* no run has come to this class yet */
    DN_CLASS_DONE,
    DN_CLASS_FAILED,
    DN_CLASS_STATES
} dn_class_state;

extern const char *const dn_class_state_names[DN_CLASS_STATES];

/* What a training's files depend on, as SHA-256. */
enum { DN_MADE_SETTINGS, DN_MADE_PICTURES, DN_MADE_BACKBONE, DN_MADE_PROGRAM, DN_MADE_FACTS };

typedef struct dn_made_of {
    char facts[DN_MADE_FACTS][DN_DIGEST_LENGTH + 1];
} dn_made_of;

/* "settings", "pictures", "backbone", "program" */
extern const char *const dn_made_names[DN_MADE_FACTS];

/* The number of the first fact that differs, or DN_MADE_FACTS. */
int dn_made_difference(const dn_made_of *a, const dn_made_of *b);

enum { DN_RECORD_TEXT = 128 };

typedef struct dn_class_record {
    dn_class_state state;
    char results[16];       /* v<N>; "" after a failure */
    char message[1024];     /* why it failed */
    double seconds;         /* of the run that finished it */
    size_t good, defective; /* images of the test set */
    dn_statistic auroc;
    char reason[DN_RECORD_TEXT]; /* why there is no AUROC; auroc.reason is not used */
    dn_made_of made_of;
} dn_class_record;

/* Of a class that has not been trained: numbers are NaN. */
dn_class_record dn_class_record_none(void);

/* Reads the record in a class's folder. Where there is none, or one that says nothing or something
 * impossible, the state is NONE: the class is trained again. */
void dn_class_record_read(const char *folder, dn_class_record *record);
dn_status dn_class_record_write(const char *folder, const dn_class_record *record, dn_error *error);

/* From JSON that anybody may have written; returns 0, and a record of NONE, if it is none. */
int dn_class_record_parse(const char *json, size_t size, dn_class_record *record);

#endif
