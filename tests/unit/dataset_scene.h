/* What the tests of data sets share: a temporary folder, and what the observer heard. */
#ifndef DATASET_SCENE_H
#define DATASET_SCENE_H

#include "dataset/dataset.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRAIN (1u << DN_SPLIT_TRAIN)
#define VALIDATE (1u << DN_SPLIT_VALIDATE)
#define TEST (1u << DN_SPLIT_TEST)

typedef struct scene {
    char *root;
    char messages[8192], list[2048];
    int notes, warnings;
    dn_observer observer;
    dn_dataset dataset;
    dn_error error;
} scene;

static inline void hear(void *user, dn_severity severity, const char *message) {
    scene *set = user;
    size_t length = strlen(set->messages);
    snprintf(set->messages + length, sizeof set->messages - length, "%s\n", message);
    *(severity == DN_WARNING ? &set->warnings : &set->notes) += 1;
}

static inline int build(void **state) {
    scene *set = calloc(1, sizeof *set);
    set->root = temporary_create();
    set->observer = (dn_observer){.user = set, .on_message = hear};
    *state = set;
    return 0;
}

static inline int clear(void **state) {
    scene *set = *state;
    dn_dataset_close(&set->dataset);
    temporary_remove(set->root);
    free(set);
    return 0;
}

static inline void put(const scene *set, const char *name) {
    put_file(set->root, name, name, strlen(name));
}

static inline void heard(const scene *set, const char *part) {
    if (!strstr(set->messages, part))
        fail_msg("\"%s\" is not in the messages: %s", part, set->messages);
}

#endif
