/* How the two readers, of folders and of manifests, fill a dn_dataset. */
#ifndef DN_DATASET_COLLECT_H
#define DN_DATASET_COLLECT_H

#include "dataset/dataset.h"

/* A sample whose texts belong to the caller. */
typedef struct dn_found_sample {
    const char *path, *name, *defect, *mask_path; /* as in dn_sample */
    dn_split split;
    int label;
} dn_found_sample;

/* Appends a copy of a sample. Splits are added in the order of dn_split. */
dn_status dn_dataset_add(dn_dataset *dataset, const dn_found_sample *found, dn_error *error);

/* Sorts the split that was added last, sets its range and counts its good images. */
void dn_dataset_end_split(dn_dataset *dataset, dn_split split);

static inline size_t dn_split_count(const dn_dataset *dataset, dn_split split) {
    return dataset->begin[split + 1] - dataset->begin[split];
}

#endif
