/* What the files of this room share: a served model and its versions. */
#ifndef DN_STATION_MODELS_SLOT_H
#define DN_STATION_MODELS_SLOT_H

#include "program/model_file.h"
#include "station/models/models.h"

#include <pthread.h>

enum { DN_TRIAL_PICTURES = 3, DN_LATENCIES = 256, DN_VERDICT_KINDS = 4 };

struct dn_model_use {
    dn_models *models;
    dn_model *model;
    size_t users; /* the slot itself is one */
};

typedef struct dn_trial {
    void *bytes;
    size_t size;
} dn_trial;

typedef struct dn_slot {
    struct dn_slot *next;
    dn_served_model settings; /* its own copies of the texts */
    dn_model_use *use;
    dn_model_file file;   /* of the running version */
    dn_model_file seen;   /* at the last look */
    dn_model_file failed; /* what could not be loaded, or was refused */
    char failure[512];    /* why; "": the running version is the one on disk */
    int64_t loaded_at;    /* UTC, milliseconds */
    unsigned swaps;
    dn_trial trials[DN_TRIAL_PICTURES]; /* a ring */
    size_t next_trial;
    unsigned long long verdicts[DN_VERDICT_KINDS];
    float latencies[DN_LATENCIES]; /* a ring, milliseconds */
    unsigned long long judged;
} dn_slot;

struct dn_models {
    pthread_mutex_t lock;    /* of everything below */
    pthread_mutex_t loading; /* one thread loads at a time; taken before `lock` */
    dn_slot *first;
    int workers, threads;
    dn_models_tell *tell;
    void *user;
};

/* load.c: opens a version; the caller holds `loading`, not `lock`. */
dn_status dn_slot_open(dn_models *self, const dn_served_model *settings, dn_model_use **use,
                       dn_error *error);

/* load.c: whether `next` may take the place of `running` (NULL: none): the same or more is
 * calibrated, and scores of the pictures are finite. */
dn_status dn_slot_try(dn_model *next, dn_model *running, const dn_trial *trials, size_t count,
                      dn_error *error);

/* The slot of a name; the caller holds `lock`. */
dn_slot *dn_slot_find(dn_models *self, const char *name);

#endif
